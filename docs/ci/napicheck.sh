#!/bin/sh
# napicheck.sh: runs the tests under napicheck and leaves every report in one folder.
#
#   ADDON='*my_addon.node' docs/ci/napicheck.sh npm test
#
# ADDON     glob of the addon that has to be loaded; without it any addon will do
# REPORTS   folder for the reports (napicheck-reports)
# Exit status: 23 findings, 24 no such addon was loaded, else that of the command.
set -eu
: "${ADDON:=*.node}" "${REPORTS:=napicheck-reports}"
mkdir -p "$REPORTS"
formats=text,json=$REPORTS/report.json,sarif=$REPORTS/report.sarif,junit=$REPORTS/report.xml,html=$REPORTS/report.html
# On GitHub the findings stand beside the lines of the pull request as well: it reads them from the job's output.
[ -z "${GITHUB_ACTIONS:-}" ] || formats=$formats,github=$REPORTS/annotations.txt
status=0
napicheck run --require="$ADDON" --format="$formats" --timeout="${TIMEOUT:-0}" -- "$@" || status=$?
[ ! -f "$REPORTS/annotations.txt" ] || cat "$REPORTS/annotations.txt"
exit "$status"
