# Where things go. The library finds the tool from its own real place: beside itself, in ../bin or in
# ../../bin (lib/x86_64-linux-gnu), so an installation may be moved as a whole.
include(CMakePackageConfigHelpers)

install(TARGETS napicheck_preload LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS napicheck RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/napicheck DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(FILES reports/schema/report-v1.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/napicheck)
install(DIRECTORY npm DESTINATION ${CMAKE_INSTALL_DATADIR}/napicheck)
install(DIRECTORY docs/ci DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs USE_SOURCE_PERMISSIONS)
install(FILES docs/napicheck.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES reports/completion/napicheck.bash RENAME napicheck
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES reports/completion/_napicheck DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
# As in the project, so that the links between them lead somewhere.
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/limits.md docs/real-leaks.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY docs/findings DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md")

set(napicheck_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/napicheck)
configure_package_config_file(cmake/napicheckConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/cmake/napicheckConfig.cmake
  INSTALL_DESTINATION ${napicheck_cmake_dir}
  PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/cmake/napicheckConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/cmake/napicheckConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/cmake/napicheckConfigVersion.cmake
  DESTINATION ${napicheck_cmake_dir})

# The .pc file says where it is relative to itself, for the same reason.
file(RELATIVE_PATH napicheck_pc_to_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" napicheck_pc_to_prefix "${napicheck_pc_to_prefix}")
configure_file(cmake/napicheck.pc.in ${CMAKE_CURRENT_BINARY_DIR}/cmake/napicheck.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cmake/napicheck.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
