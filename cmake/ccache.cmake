# Uses ccache if it is installed. The sloppiness lets it cache precompiled headers and the files that use them. Paths in
# the source folder count as relative, so that another checkout can reuse what this one compiled.
find_program(SCGAN_CCACHE ccache)
if(SCGAN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=true
      ${SCGAN_CCACHE})
endif()
