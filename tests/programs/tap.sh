# shellcheck shell=bash # sourced
# A line of TAP for each case.

cases=0
failures=0

# check WORDS STATUS: the case holds when its status is 0
check() {
    cases=$((cases + 1))
    if [ "$2" = 0 ]; then
        echo "ok $cases - $1"
    else
        echo "not ok $cases - $1"
        failures=$((failures + 1))
    fi
}

# holds WORDS COMMAND...
holds() {
    local words=$1 status=0
    shift
    "$@" >/dev/null || status=$?
    check "$words" "$status"
}

# end_cases: the plan; fails when a case has failed
end_cases() {
    echo "1..$cases"
    [ "$failures" = 0 ]
}
