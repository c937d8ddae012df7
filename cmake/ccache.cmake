# Compiles through ccache where there is one; a build without it only takes longer. With paths below
# the source tree taken as relative, another clone of the same sources finds what this one compiled.
find_program(EARSHOT_CCACHE ccache)
if(EARSHOT_CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
               ${EARSHOT_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
