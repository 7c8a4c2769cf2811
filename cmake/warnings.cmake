# napicheck_warnings: link it privately to a target of ours to hold it to the project's warnings.
add_library(napicheck_warnings INTERFACE)
target_compile_options(napicheck_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  $<$<C_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<BOOL:${NAPICHECK_WERROR}>:-Werror>)
