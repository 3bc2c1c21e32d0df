//! The twelve mysfits: who they are never changes while running, so it lives here, and every store copies it at start.
//!
//! Ids, names, species, ages and alignments are those of the original workshop; the descriptions are ours.

use uuid::uuid;

use crate::domain::{GoodEvil, LawChaos, MysfitId};

/// What is known of a mysfit before anybody likes or adopts it.
#[derive(Debug, Clone, Copy)]
pub struct RosterEntry {
    /// Its id.
    pub id: MysfitId,
    /// What it answers to.
    pub name: &'static str,
    /// What it is.
    pub species: &'static str,
    /// Its age in years.
    pub age: u64,
    /// Whether it means well.
    pub good_evil: GoodEvil,
    /// Whether it follows rules.
    pub law_chaos: LawChaos,
    /// Two or three sentences about it.
    pub description: &'static str,
}

/// All of them, in the order in which lists show them.
pub const ROSTER: [RosterEntry; 12] = [
    RosterEntry {
        id: MysfitId::new(uuid!("4e53920c-505a-4a90-a694-b9300791f0ae")),
        name: "Evangeline",
        species: "Chimera",
        age: 43,
        good_evil: GoodEvil::Evil,
        law_chaos: LawChaos::Lawful,
        description: "Evangeline's three heads settle every question by majority vote and keep minutes. The lion wants \
            dinner, the goat wants your signature, and the snake has already read the small print. She breaks no law, \
            having drafted most of them.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("2b473002-36f8-4b87-954e-9a377e0ccbec")),
        name: "Pauly",
        species: "Cyclops",
        age: 2,
        good_evil: GoodEvil::Neutral,
        law_chaos: LawChaos::Lawful,
        description: "Pauly is two, the size of a wardrobe, and has never lost a staring contest. He colours inside \
            the lines, though he cannot judge how far away the paper is. Please hang breakables at a distance he can \
            guess.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("0e37d916-f960-4772-a25a-01b762b5c1bd")),
        name: "CoCo",
        species: "Dragon",
        age: 501,
        good_evil: GoodEvil::Good,
        law_chaos: LawChaos::Chaotic,
        description: "CoCo hoards houseplants instead of gold and cries smoke whenever one wilts. Her birthday parties \
            are legendary, chiefly for the candles. Insure the curtains; you will forgive her anyway.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("da5303ae-5aba-495c-b5d6-eb5c4a66b941")),
        name: "Gretta",
        species: "Gorgon",
        age: 31,
        good_evil: GoodEvil::Evil,
        law_chaos: LawChaos::Neutral,
        description: "Gretta has a remarkable sculpture garden and will not say who modelled for it. Each of her \
            snakes has a name, an opinion and a bedtime. Admire the hair, but do it in a mirror.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("a901bb08-1985-42f5-bb77-27439ac14300")),
        name: "Hasla",
        species: "Haetae",
        age: 2_000_000_000,
        good_evil: GoodEvil::Good,
        law_chaos: LawChaos::Neutral,
        description: "Hasla has guarded gates since before there was anything worth walking through one for. She can \
            smell a lie, eat a house fire and nap through an ice age. She will want the spot by the door.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("b41ff031-141e-4a8d-bb56-158a22bea0b3")),
        name: "Snowflake",
        species: "Yeti",
        age: 13,
        good_evil: GoodEvil::Evil,
        law_chaos: LawChaos::Neutral,
        description: "Snowflake is thirteen, so everything is unfair and the thermostat most of all. He has been \
            photographed exactly once, blurred, while slamming a door. Bring your own jumper and do not ask how school \
            was.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("3f0f196c-4a7b-43af-9e29-6522a715342d")),
        name: "Gary",
        species: "Kraken",
        age: 2_709,
        good_evil: GoodEvil::Neutral,
        law_chaos: LawChaos::Chaotic,
        description: "Gary only ever wanted to hug the ships. Eight arms and no sense of timing make him a superb \
            drummer and a terrible waiter. Needs a bathtub the size of a fjord.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("a68db521-c031-44c7-b5ef-bfa4c0850e2a")),
        name: "Nessi",
        species: "Plesiosaurus",
        age: 75_000_000,
        good_evil: GoodEvil::Neutral,
        law_chaos: LawChaos::Neutral,
        description: "Nessi outlived the dinosaurs by the simple method of not answering the door. She enjoys still \
            water, poor lighting and cameras with the lens cap on. You will not see much of her, which is rather the \
            point.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("c0684344-1eb7-40e7-b334-06d25ac9268c")),
        name: "Atlantis",
        species: "Mandrake",
        age: 100,
        good_evil: GoodEvil::Neutral,
        law_chaos: LawChaos::Neutral,
        description: "Atlantis has spent a century in one pot and considers travel overrated. He screams when \
            uprooted, when watered late, and during the quiet part of concerts. A devoted companion for people who \
            have lost their hearing.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("ac3e95f3-eb40-4e4e-a605-9fdd0224877c")),
        name: "Twilight Glitter",
        species: "Pegasus",
        age: 6,
        good_evil: GoodEvil::Good,
        law_chaos: LawChaos::Lawful,
        description: "Twilight Glitter files a flight plan before every gallop and tidies the clouds behind her. She \
            gets her glitter on everything, and then returns with a form on which you may report it. Good with \
            children, stern with kites.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("33e1fbd4-2fd8-45fb-a42f-f92551694506")),
        name: "Cole",
        species: "Phoenix",
        age: 1_393,
        good_evil: GoodEvil::Good,
        law_chaos: LawChaos::Chaotic,
        description: "Cole has died more often than most plans and finds each time instructive. He restarts cleanly, \
            warms the room and apologises for the smoke alarm. Keep a dustpan handy and do not vacuum.",
    },
    RosterEntry {
        id: MysfitId::new(uuid!("b6d16e02-6aeb-413c-b457-321151bb403d")),
        name: "Rujin",
        species: "Troll",
        age: 221,
        good_evil: GoodEvil::Evil,
        law_chaos: LawChaos::Chaotic,
        description: "Rujin lives under a bridge with excellent reception. He charges a toll to cross, a fee to leave \
            and a tax on sighing, all of it in biscuits. Never reply to him, and he will be yours for life.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nobody_is_there_twice() {
        assert_eq!(ROSTER.iter().map(|entry| entry.id).collect::<HashSet<_>>().len(), ROSTER.len());
        assert_eq!(ROSTER.iter().map(|entry| entry.name).collect::<HashSet<_>>().len(), ROSTER.len());
    }

    #[test]
    fn each_description_is_two_or_three_whole_sentences() {
        for entry in ROSTER {
            let sentences = entry.description.split(['.', '?']).filter(|text| !text.trim().is_empty()).count();
            assert!((2..=3).contains(&sentences), "{}: {sentences} sentences", entry.name);
            assert!(entry.description.ends_with('.') && !entry.description.contains("  "), "{}", entry.name);
        }
    }
}
