# What the build needs, each as a target that carries its include path and library:
#   napicheck_node_headers   Node-API's headers, from npm       (shim, tests)
#   napicheck::uthash        header only                        (shim, reports)
#   napicheck::libdw         elfutils, with libelf              (reports)
#   napicheck::jansson                                          (reports)
#   napicheck::demangle      libiberty's demangler              (reports)
#   napicheck::ncurses       wide ncurses, with libtinfo        (reports)
# All that is missing is said in one message, with the Debian package of each.

set(napicheck_missing "")
set(napicheck_missing_packages "")

macro(napicheck_note_missing what package)
  string(APPEND napicheck_missing "\n  ${what} (package ${package})")
  list(APPEND napicheck_missing_packages ${package})
endmacro()

# napicheck_add_dependency(NAME HEADER PACKAGE [LIBRARY ...]): finds the header and libraries and makes
# napicheck::NAME of them.
function(napicheck_add_dependency name header package)
  string(TOUPPER ${name} upper)
  find_path(NAPICHECK_${upper}_INCLUDE_DIR ${header})
  mark_as_advanced(NAPICHECK_${upper}_INCLUDE_DIR)
  set(found_libraries "")
  set(absent "")
  if(NOT NAPICHECK_${upper}_INCLUDE_DIR)
    set(absent ${header})
  endif()
  foreach(library IN LISTS ARGN)
    string(TOUPPER ${library} upper_library)
    find_library(NAPICHECK_LIB${upper_library} ${library})
    mark_as_advanced(NAPICHECK_LIB${upper_library})
    if(NAPICHECK_LIB${upper_library})
      list(APPEND found_libraries ${NAPICHECK_LIB${upper_library}})
    else()
      list(APPEND absent lib${library})
    endif()
  endforeach()
  if(absent)
    list(JOIN absent ", " absent)
    napicheck_note_missing("${absent}" ${package})
    set(napicheck_missing "${napicheck_missing}" PARENT_SCOPE)
    set(napicheck_missing_packages "${napicheck_missing_packages}" PARENT_SCOPE)
    return()
  endif()
  add_library(napicheck_${name} INTERFACE)
  add_library(napicheck::${name} ALIAS napicheck_${name})
  target_include_directories(napicheck_${name} SYSTEM INTERFACE ${NAPICHECK_${upper}_INCLUDE_DIR})
  target_link_libraries(napicheck_${name} INTERFACE ${found_libraries})
endfunction()

napicheck_add_dependency(uthash uthash.h uthash-dev)
napicheck_add_dependency(libdw elfutils/libdwfl.h libdw-dev dw elf)
napicheck_add_dependency(jansson jansson.h libjansson-dev jansson)
napicheck_add_dependency(demangle libiberty/demangle.h libiberty-dev iberty)
napicheck_add_dependency(ncurses ncurses.h libncurses-dev ncursesw tinfo)

if(napicheck_missing)
  list(REMOVE_DUPLICATES napicheck_missing_packages)
  list(JOIN napicheck_missing_packages " " napicheck_missing_packages)
  message(FATAL_ERROR "Missing on this machine:${napicheck_missing}\n"
    "Install them with scripts/setup, or with: apt-get install ${napicheck_missing_packages}")
endif()

# Node-API's headers are the pinned npm package: the table of wrapped functions is written against
# exactly these declarations, so another version is refused rather than half understood.
set(NAPICHECK_NODE_API_HEADERS ${PROJECT_SOURCE_DIR}/node_modules/node-api-headers/include
  CACHE PATH "Folder with node_api.h, of the npm package node-api-headers")
if(NOT EXISTS ${NAPICHECK_NODE_API_HEADERS}/node_api.h)
  message(FATAL_ERROR "Node-API's headers are missing: no node_api.h in ${NAPICHECK_NODE_API_HEADERS}.\n"
    "Run scripts/setup (or npm ci) in ${PROJECT_SOURCE_DIR}, or set NAPICHECK_NODE_API_HEADERS.")
endif()
file(READ ${PROJECT_SOURCE_DIR}/package.json napicheck_package_json)
string(JSON napicheck_pinned_headers GET "${napicheck_package_json}" devDependencies node-api-headers)
if(EXISTS ${NAPICHECK_NODE_API_HEADERS}/../package.json)
  file(READ ${NAPICHECK_NODE_API_HEADERS}/../package.json napicheck_package_json)
  string(JSON napicheck_found_headers GET "${napicheck_package_json}" version)
  if(NOT napicheck_found_headers STREQUAL napicheck_pinned_headers)
    message(FATAL_ERROR "node-api-headers is ${napicheck_found_headers}, but package.json pins "
      "${napicheck_pinned_headers}. Run scripts/setup (or npm ci) in ${PROJECT_SOURCE_DIR}.")
  endif()
endif()
add_library(napicheck_node_headers INTERFACE)
target_include_directories(napicheck_node_headers SYSTEM INTERFACE ${NAPICHECK_NODE_API_HEADERS})
