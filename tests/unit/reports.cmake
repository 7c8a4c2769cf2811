# Unit tests of the reader. They link a second build of reports/, under AddressSanitizer and UBSan
# where this compiler and machine can run those: what reads a stranger's file is never tested without.

get_target_property(napicheck_reports_sources napicheck_reports SOURCES)
list(TRANSFORM napicheck_reports_sources PREPEND ${PROJECT_SOURCE_DIR}/reports/)
get_target_property(napicheck_reports_includes napicheck_reports INCLUDE_DIRECTORIES)
add_library(unit_reports STATIC ${napicheck_reports_sources}
  ${PROJECT_SOURCE_DIR}/tests/fake/record_writer.c)
target_compile_definitions(unit_reports PUBLIC _GNU_SOURCE)
target_include_directories(unit_reports PUBLIC ${napicheck_reports_includes})
target_link_libraries(unit_reports PUBLIC napicheck_html_page napicheck_pages napicheck::libdw napicheck::jansson napicheck::demangle
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
napicheck_reports_test(growth_rates)
target_link_libraries(unit_reports_growth_rates PRIVATE m)
napicheck_reports_test(judge)
napicheck_reports_test(options)
napicheck_reports_test(read)
napicheck_reports_test(suppress)

# Libraries whose frames are known by line: with debug information, and with its exported names only.
foreach(library unit_reports_symbols unit_reports_symbols_stripped)
  add_library(${library} MODULE reports_symbols_addon.c)
  target_compile_options(${library} PRIVATE -O1 -g)
  target_link_options(${library} PRIVATE -Wl,--build-id=sha1)
endforeach()
target_link_options(unit_reports_symbols_stripped PRIVATE -Wl,--strip-all)
napicheck_reports_test(symbolize ARGUMENTS $<TARGET_FILE:unit_reports_symbols>
  $<TARGET_FILE:unit_reports_symbols_stripped>)

# The tool from outside; its JSON against the schema, by ajv.
if(NAPICHECK_NODE)
  add_executable(unit_reports_make_record ../fake/make_record.c ../fake/record_writer.c)
  target_compile_definitions(unit_reports_make_record PRIVATE _GNU_SOURCE)
  target_include_directories(unit_reports_make_record PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(unit_reports_make_record PRIVATE napicheck_warnings)
  add_test(NAME unit.reports_cli COMMAND ${NAPICHECK_NODE} ${CMAKE_CURRENT_SOURCE_DIR}/reports_cli.mjs
    $<TARGET_FILE:napicheck> $<TARGET_FILE:unit_reports_make_record> ${PROJECT_SOURCE_DIR})
  set_tests_properties(unit.reports_cli PROPERTIES LABELS unit TIMEOUT 120)
endif()
