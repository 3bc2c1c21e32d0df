//! Heights of vertices in columns: the order stays, and every vertex stands as near to the middle of its neighbours as
//! the vertices above and below it allow.

#![expect(clippy::indexing_slicing, reason = "every index is a vertex of the component that sized the vector")]

/// After this many rounds the picture hardly changes any more.
const ROUNDS: usize = 60;

/// Moves the vertices of `columns` (each from top to bottom) towards the mean of what they are `joined` to, keeping the
/// order and at least `distance(upper, lower)` between neighbours.
pub(super) fn stack(
    columns: &[Vec<usize>],
    joined: &[Vec<usize>],
    distance: &dyn Fn(usize, usize) -> f64,
    heights: &mut [f64],
) {
    for column in columns {
        settle(column, distance, &vec![0.0; column.len()], heights);
    }
    for round in 0..ROUNDS {
        let mut there = columns.iter();
        let mut back = columns.iter().rev();
        let order: &mut dyn Iterator<Item = &Vec<usize>> = if round % 2 == 0 { &mut there } else { &mut back };
        for column in order {
            let wanted: Vec<f64> =
                column.iter().map(|&vertex| mean(&joined[vertex], heights).unwrap_or(heights[vertex])).collect();
            settle(column, distance, &wanted, heights);
        }
    }
    straighten(columns, joined, distance, heights);
}

/// Puts whatever is a mere step on the way to one vertex at that vertex's height, from right to left.
fn straighten(
    columns: &[Vec<usize>],
    joined: &[Vec<usize>],
    distance: &dyn Fn(usize, usize) -> f64,
    heights: &mut [f64],
) {
    let mut column_of = vec![0; heights.len()];
    for (index, column) in columns.iter().enumerate() {
        column.iter().for_each(|&vertex| column_of[vertex] = index);
    }
    for column in columns.iter().rev() {
        let wanted = column.iter().map(|&vertex| {
            let (right, left): (Vec<usize>, Vec<usize>) =
                joined[vertex].iter().partition(|&&other| column_of[other] > column_of[vertex]);
            match (left.as_slice(), right.as_slice()) {
                ([] | [_], [only]) => heights[*only],
                _ => heights[vertex],
            }
        });
        let wanted: Vec<f64> = wanted.collect();
        settle(column, distance, &wanted, heights);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of neighbours")]
fn mean(neighbours: &[usize], heights: &[f64]) -> Option<f64> {
    let sum: f64 = neighbours.iter().map(|&vertex| heights[vertex]).sum();
    (!neighbours.is_empty()).then(|| sum / neighbours.len() as f64)
}

/// Gives a column the heights that are nearest to the wanted ones (least squares) with all distances kept. With the
/// distances taken off, that is a fit by numbers that never fall: neighbours that would fall are pooled.
fn settle(column: &[usize], distance: &dyn Fn(usize, usize) -> f64, wanted: &[f64], heights: &mut [f64]) {
    let mut offsets = vec![0.0; column.len()];
    for at in 1..column.len() {
        offsets[at] = offsets[at - 1] + distance(column[at - 1], column[at]);
    }
    // Pools as (sum of the wanted heights, how many).
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (want, offset) in wanted.iter().zip(&offsets) {
        let mut pool = (want - offset, 1.0, 1);
        while let Some(&(sum, weight, members)) = pools.last().filter(|last| last.0 / last.1 > pool.0 / pool.1) {
            pools.pop();
            pool = (pool.0 + sum, pool.1 + weight, pool.2 + members);
        }
        pools.push(pool);
    }
    let levels = pools.iter().flat_map(|&(sum, weight, members)| std::iter::repeat_n(sum / weight, members));
    for ((&vertex, offset), level) in column.iter().zip(&offsets).zip(levels) {
        heights[vertex] = level + offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wanted: &[f64], expected: &[f64]) {
        let column: Vec<usize> = (0..wanted.len()).collect();
        let mut heights = vec![0.0; wanted.len()];
        settle(&column, &|_, _| 10.0, wanted, &mut heights);
        assert_eq!(heights, expected, "{wanted:?}");
    }

    #[test]
    fn wishes_are_met_where_there_is_room() {
        check(&[0.0, 50.0, 60.0], &[0.0, 50.0, 60.0]);
        check(&[5.0, 5.0], &[0.0, 10.0]);
        check(&[30.0, 0.0, 100.0], &[10.0, 20.0, 100.0]);
        check(&[], &[]);
    }

    #[test]
    fn chains_come_to_stand_in_a_line() {
        let columns = [vec![0, 1], vec![2, 3]];
        let joined = [vec![2], vec![3], vec![0], vec![1]];
        let mut heights = [0.0, 900.0, 300.0, 5_000.0];
        stack(&columns, &joined, &|_, _| 10.0, &mut heights);
        assert!((heights[0] - heights[2]).abs() < 0.1 && (heights[1] - heights[3]).abs() < 0.1, "{heights:?}");
        assert!(heights[1] - heights[0] >= 9.99);
    }
}
