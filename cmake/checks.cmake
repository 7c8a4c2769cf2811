# The checks of the project itself, in CTest with the label `house`: they need no addon and no runtime but
# the table's, and come before everything else.
set(napicheck_checks
  format         "scripts/check-format"
  layers         "scripts/check-layers"
  layers-fails   "scripts/check-layers --self-test"
  table          "scripts/check-table"
  table-fails    "scripts/check-table --self-test"
  docs           "scripts/check-docs"
  docs-fails     "scripts/check-docs --self-test"
  install        "scripts/check-install ${CMAKE_CURRENT_BINARY_DIR}")
while(napicheck_checks)
  list(POP_FRONT napicheck_checks name command)
  separate_arguments(command UNIX_COMMAND ${command})
  add_test(NAME house.${name} COMMAND ${PROJECT_SOURCE_DIR}/${command} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(house.${name} PROPERTIES LABELS house SKIP_RETURN_CODE 77 TIMEOUT 120)
endwhile()
