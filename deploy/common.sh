# shellcheck shell=bash
# What up, status and down have in common: the stacks in their order, how to say a step, and how to ask AWS.
#
# Expects `here`, the folder of these scripts. AWS credentials, region and endpoint come from the usual AWS_* variables and profiles.

# shellcheck disable=SC2034 # read by the scripts that source this file
STACKS=(network egress data cluster services scaling observability pipeline)

project="${MYSFITS_PROJECT:-mysfits}"
# A rehearsal against an emulator takes out what the emulator does not know.
templates="${MYSFITS_TEMPLATES:-$here/cloudformation}"
dry_run=false

# Version 1 of the CLI overlooks AWS_ENDPOINT_URL for some services; an emulator has to be named to each call.
aws() { command aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} "$@"; }

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Prints the text at the head of a script, from its second line to the first one that is no comment.
help() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# Runs a command that changes something; with --dry-run it only shows it.
change() {
    if $dry_run; then
        printf '    %s\n' "$(printf '%q ' "$@" | cut -c 1-300)"
    else
        "$@"
    fi
}

# An option's value, or a complaint that it is missing.
value() {
    if [ $# -lt 2 ] || [ -z "$2" ]; then fail "$1 wants a value; see --help"; fi
    printf '%s' "$2"
}

is_stack() { case " ${STACKS[*]} " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# CREATE_COMPLETE and its like; nothing for a stack that is not there.
state_of() {
    aws cloudformation describe-stacks --stack-name "$project-$1" --query 'Stacks[0].StackStatus' --output text 2>/dev/null || true
}

# One output of a stack, empty where there is none.
output_of() {
    aws cloudformation describe-stacks --stack-name "$project-$1" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue | [0]" 2>/dev/null | sed 's/^None$//' || true
}

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || fail "needs $tool, which is not installed"
    done
}

need_credentials() {
    account="$(aws sts get-caller-identity --query Account --output text 2>/dev/null)" ||
        fail "AWS does not know you: run 'aws configure' or 'aws sso login', or set AWS_PROFILE"
    region="${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}"
    [ -n "$region" ] || fail "no region: set AWS_REGION, such as us-east-1"
    export AWS_REGION="$region" AWS_DEFAULT_REGION="$region"
}
