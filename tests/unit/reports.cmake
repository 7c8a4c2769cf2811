# Unit tests of the reader. They link a second build of reports/, under AddressSanitizer and UBSan
# where this compiler and machine can run those: what reads a stranger's file is never tested without.

get_target_property(napicheck_reports_sources napicheck_reports SOURCES)
list(TRANSFORM napicheck_reports_sources PREPEND ${PROJECT_SOURCE_DIR}/reports/)
get_target_property(napicheck_reports_includes napicheck_reports INCLUDE_DIRECTORIES)
add_library(unit_reports STATIC ${napicheck_reports_sources}
  ${PROJECT_SOURCE_DIR}/tests/fake/record_writer.c)
target_compile_definitions(unit_reports PUBLIC _GNU_SOURCE)
target_include_directories(unit_reports PUBLIC ${napicheck_reports_includes})
target_link_libraries(unit_reports PUBLIC napicheck::libdw napicheck::jansson napicheck::demangle
  PRIVATE napicheck_warnings)
if(NAPICHECK_RUNS_asan)
  target_compile_options(unit_reports PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(unit_reports PUBLIC -fsanitize=address,undefined)
endif()

# napicheck_reports_test(NAME [ARGUMENTS ...]): reports_NAME.c, without the shim's headers in sight.
function(napicheck_reports_test name)
  cmake_parse_arguments(PARSE_ARGV 1 unit "" "" "ARGUMENTS")
  add_executable(unit_reports_${name} reports_${name}.c)
  target_link_libraries(unit_reports_${name} PRIVATE unit_reports napicheck_warnings)
  add_test(NAME unit.reports_${name} COMMAND unit_reports_${name} ${unit_ARGUMENTS})
  set_tests_properties(unit.reports_${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

napicheck_reports_test(growth)
napicheck_reports_test(options)
napicheck_reports_test(read)
napicheck_reports_test(suppress)
