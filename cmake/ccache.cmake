# Compiles through ccache where there is one; a build without it only takes longer.
find_program(EARSHOT_CCACHE ccache)
if(EARSHOT_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${EARSHOT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${EARSHOT_CCACHE})
endif()
