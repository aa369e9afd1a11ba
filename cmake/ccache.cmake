# Uses ccache where it is installed. The sloppiness lets it cache precompiled headers and what uses them.
find_program(SCGAN_CCACHE ccache)
if(SCGAN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${SCGAN_CCACHE})
endif()
