#!/usr/bin/env bash
# The steps of an unattended digest, one word each, for GitHub Actions and GitLab CI alike:
#     install, restore, run, keep, publish, verdict
# The ledger, which makes that nothing is asked (and paid for) twice, lives in two places, and one of them is
# enough: the cache of the service, and the branch digest-ledger, which holds one commit that is replaced.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

ledger=runs/ledger.sqlite3
state=.automation        # ours, between the steps; git does not see it
packed=$state/ledger     # the packed ledger: what the cache and the branch hold
ledger_branch=digest-ledger
spare_branch=digest-days # takes the digests where the branch itself is protected
part=45m                 # git hosts refuse files above 100 MB
largest=300000000        # bytes of a ledger; from there on answers of old days are let go

mkdir -p "$state" runs
export GIT_TERMINAL_PROMPT=0

say() { printf '%s\n' "$@"; } # each word a line

on_github() { [ -n "${GITHUB_ACTIONS:-}${GITHUB_STEP_SUMMARY:-}" ]; }

warn() {
    say "$1" >>"$state/warnings"
    if on_github; then say "::warning title=digest::$1"; else say "warning: $1"; fi
}

told() { # NAME VALUE: an output of the step, where there is such a thing
    if [ -n "${GITHUB_OUTPUT:-}" ]; then say "$1=$2" >>"$GITHUB_OUTPUT"; fi
}

install() {
    rm -f "$state/warnings"
    say install >"$state/code"
    python3 -m pip install --quiet --disable-pip-version-check -r requirements.txt 2>&1 | tee "$state/log"
    say begun >"$state/code"
}

generation() { # DIR: how many times that ledger was packed; 0: there is none
    local number=0
    if [ -f "$1/generation" ]; then read -r number <"$1/generation" || true; fi
    case $number in '' | *[!0-9]*) say 0 ;; *) say "$number" ;; esac
}

unpack() { # DIR: puts that ledger in its place; fails, and changes nothing, where it is not whole
    cat "$1"/ledger.gz.* 2>/dev/null | gzip -dc >"$state/unpacked" 2>/dev/null || return 1
    rm -f "$ledger-wal" "$ledger-shm"
    mv "$state/unpacked" "$ledger"
}

restore() {
    local branch=$state/branch order one
    if git fetch --quiet --depth=1 origin "$spare_branch" 2>/dev/null; then
        git checkout --quiet FETCH_HEAD -- runs
        git reset --quiet -- runs
    fi
    rm -rf "$branch"
    mkdir -p "$branch" "$packed"
    if git fetch --quiet --depth=1 origin "+$ledger_branch:refs/remotes/origin/$ledger_branch" 2>/dev/null; then
        git archive "refs/remotes/origin/$ledger_branch" | tar -xf - -C "$branch"
    fi
    order=("$packed" "$branch")
    if [ "$(generation "$branch")" -gt "$(generation "$packed")" ]; then order=("$branch" "$packed"); fi
    for one in "${order[@]}"; do
        if unpack "$one"; then
            say "The ledger is the one packed as number $(generation "$one") ($one)."
            if [ "$one" = "$branch" ]; then rm -rf "$packed" && mv "$branch" "$packed"; fi
            make_room
            return 0
        fi
    done
    say "There is no ledger yet: a new one is begun."
    rm -rf "$packed"
}

make_room() {
    local age
    for age in 60d 30d 15d; do
        if [ ! -f "$ledger" ] || [ "$(wc -c <"$ledger")" -le "$largest" ]; then break; fi
        digest runs prune --out runs --older-than "$age" --answers
    done
}

take_variables() { # from DIGEST_ENV, lines of NAME=value: addresses and passwords that the digest reads
    local name value
    while IFS='=' read -r name value; do
        value=${value%$'\r'}
        if [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]]; then
            if on_github && [ -n "$value" ]; then say "::add-mask::$value"; fi
            export "$name=$value"
        fi
    done <<<"${DIGEST_ENV:-}"
    unset DIGEST_ENV
}

run() {
    local code=0 process quiet
    take_variables
    say killed >"$state/code"
    rm -f "$state/no-key"
    if [ -z "${OPENAI_API_KEY:-}" ]; then : >"$state/no-key"; fi
    quiet="end-$RANDOM$RANDOM$RANDOM" # what papers say must not be taken for commands to the runner
    if on_github; then say "::stop-commands::$quiet"; fi
    # in a shell of its own: of a pipe, `wait` may tell how its last program ended
    (digest run --out runs --date="${DIGEST_DATE:-due}" 2>&1 | tee "$state/log") &
    process=$!
    # a machine that is lost takes no more with it than what came since the last look
    while kill -0 "$process" 2>/dev/null; do
        timeout "${DIGEST_CHECKPOINT:-600}" tail --pid="$process" -s 0.2 -f /dev/null || keep >/dev/null || true
    done
    wait "$process" || code=$?
    if on_github; then say "::$quiet::"; fi
    say "digest run ended with exit code $code"
    if [ "$code" -gt 128 ]; then code=killed; fi
    say "$code" >"$state/code"
}

is_kept() { # SUM: of a ledger; in both places
    [ "$1" = "$(cat "$packed/sum" 2>/dev/null)" ] &&
        [ "$1" = "$(git show "refs/remotes/origin/$ledger_branch:sum" 2>/dev/null)" ]
}

keep() {
    local copy=$state/copy next=$state/next sum tree commit
    if [ ! -f "$ledger" ]; then return 0; fi
    if [ ! -s "$ledger-wal" ] && is_kept "$(sha256sum <"$ledger")"; then
        say "The ledger is as it was."
        return 0
    fi
    digest runs backup --out runs "$copy" || return 1
    sum=$(sha256sum <"$copy")
    if is_kept "$sum"; then
        say "The ledger is kept already."
        return 0
    fi
    rm -rf "$next"
    mkdir -p "$next"
    gzip -nc "$copy" | split -b "$part" - "$next/ledger.gz." || return 1
    say "$sum" >"$next/sum"
    say "$(($(generation "$packed") + 1))" >"$next/generation"
    rm -rf "$packed" "$copy" "$state/index"
    mv "$next" "$packed"
    told changed true
    tree=$(export GIT_INDEX_FILE="$PWD/$state/index" &&
        git --work-tree="$packed" add --all --force . && git write-tree)
    commit=$(as_author commit-tree -m "The ledger of the digest, packed" "$tree")
    if git push --quiet --force origin "$commit:refs/heads/$ledger_branch"; then
        git update-ref "refs/remotes/origin/$ledger_branch" "$commit"
        say "The ledger is kept as number $(generation "$packed")."
    else
        warn "The branch $ledger_branch could not be pushed: the ledger is in the cache only."
    fi
}

as_author() {
    local name=digest mail=digest@localhost
    if on_github; then
        name='github-actions[bot]' mail='41898282+github-actions[bot]@users.noreply.github.com'
    fi
    git -c user.name="$name" -c user.email="$mail" -c commit.gpgsign=false "$@"
}

days() { find runs -mindepth 2 -maxdepth 2 -path 'runs/20*' \( -name '*.md' -o -name '*.json' \) -print0; }

publish() {
    local file
    if [ -z "$(days | head -c 1)" ]; then
        say "There is no digest yet: nothing to publish."
        return 0
    fi
    rm -rf public
    digest site --out runs --to public || warn "The pages lack a digest: see the log of this step."
    while IFS= read -r -d '' file; do
        mkdir -p "public/digests/$(basename "$(dirname "$file")")"
        cp "$file" "public/digests/$(basename "$(dirname "$file")")/"
    done < <(days)
    told pages true
    commit_days
}

commit_days() {
    local branch base try commit
    branch=${GITHUB_REF_NAME:-${CI_COMMIT_BRANCH:-$(git branch --show-current)}}
    days | git add --force --pathspec-from-file=- --pathspec-file-nul
    if git diff --cached --quiet; then
        say "No digest is new."
        return 0
    fi
    as_author commit --quiet -m "Digests up to $(newest_day)"
    for try in 1 2 3; do
        if git push --quiet origin "HEAD:refs/heads/$branch"; then
            say "The digests are pushed to $branch."
            git push --quiet --delete origin "$spare_branch" 2>/dev/null || true
            return 0
        fi
        say "Push $try was refused; what others pushed meanwhile is taken in."
        as_author pull --quiet --rebase origin "$branch" || git rebase --abort || true
    done
    base=$(git rev-parse --verify --quiet FETCH_HEAD || true)
    if git fetch --quiet --depth=1 origin "$spare_branch" 2>/dev/null; then base=$(git rev-parse FETCH_HEAD); fi
    warn "$branch takes no pushes from here (is it protected?): the digests are on the branch $spare_branch."
    if [ "$(git rev-parse "$base^{tree}" 2>/dev/null)" = "$(git rev-parse "HEAD^{tree}")" ]; then return 0; fi
    commit=$(as_author commit-tree ${base:+-p "$base"} -m "Digests up to $(newest_day)" "HEAD^{tree}")
    if ! git push --quiet origin "$commit:refs/heads/$spare_branch"; then
        warn "Nor does $spare_branch: may this job write? The digests are on the pages only."
        return 1
    fi
}

newest_day() { days | tr '\0' '\n' | sed 's|^runs/||; s|/.*||' | sort | tail -n 1; }

heading() { # CODE
    case $1 in
    0) say "The digests are complete" ;;
    3) say "Published, with flagged papers" ;;
    5) say "Published, but not delivered to everybody" ;;
    2) say "Nothing was published: a setting is missing or not usable" ;;
    4) say "Not everything could be published: arXiv or the model could not be reached" ;;
    install) say "Nothing was published: the program could not be installed" ;;
    begun) say "Nothing was published: a step before the digests failed" ;;
    killed) say "The run was stopped before its end" ;;
    *) say "Nothing was published: an error in the program" ;;
    esac
}

advice() { # CODE
    case $1 in
    0) say "Nothing is to be done." ;;
    3) say "Flagged papers say why in their place." ;;
    5) say "The next run tries again where it failed." ;;
    2)
        if [ ! -f "$state/no-key" ]; then
            say "Mend what the log says in digest.toml or in the variables; \`digest doctor\` checks them."
        elif on_github; then
            say "The secret OPENAI_API_KEY is not set: Settings, Secrets and variables, Actions, New repository secret."
        else
            say "The variable OPENAI_API_KEY is not set: Settings, CI/CD, Variables (masked)."
        fi
        ;;
    4) say "The next run makes up for it by itself. If that fails too: \`digest doctor\` says what is wrong." ;;
    begun) say "The log of that step says why; the next run makes up for it." ;;
    install) say "Does requirements.txt name an address that this service can reach?" ;;
    killed) say "What was answered is kept, and the next run goes on from there." ;;
    *) say "Please report it, with everything below." ;;
    esac
}

summary() { # CODE
    say "## $(heading "$1")" "" "$(advice "$1")" ""
    if [ -s "$state/warnings" ]; then sed 's/^/- /' "$state/warnings"; fi
    say "- exit code: $1"
    say "- program: $(digest --version 2>/dev/null || say 'not installed'), as requirements.txt says:" \
        "  $(grep -v '^#' requirements.txt | sed 's|//[^/@]*@|//|' | head -n 1)"
    if [ -n "${GITHUB_RUN_ID:-}" ]; then
        say "- run: ${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}/actions/runs/$GITHUB_RUN_ID"
    elif [ -n "${CI_JOB_URL:-}" ]; then
        say "- run: $CI_JOB_URL"
    fi
    say "" '~~~~text'
    tail -c 60000 "$state/log" 2>/dev/null | sed 's/~~~~*/~~~/g' || true
    say '~~~~'
}

verdict() {
    local code=install
    if [ -f "$state/code" ]; then read -r code <"$state/code"; fi
    summary "$code" >"$state/summary.md"
    cat "$state/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
    case $code in
    0) ;;
    3 | 5)
        warn "$(heading "$code")"
        if ! on_github; then exit "$code"; fi # there, a code can be a warning
        ;;
    *)
        if on_github; then say "::error title=digest::$(heading "$code")"; fi
        case $code in *[!0-9]*) exit 1 ;; *) exit "$code" ;; esac
        ;;
    esac
}

case ${1:-} in
install | restore | run | keep | publish | verdict) "$1" ;;
*) say "usage: bash automation.sh install|restore|run|keep|publish|verdict" >&2; exit 2 ;;
esac
