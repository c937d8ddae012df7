# Each backend folder is one library on one floor. A library may use only floors below its own;
# any other link stops the configure step, not a code review. docs/architecture.md has the table.
function(add_floor_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FLOOR" "SOURCES;USES;LINKS")
  if(NOT DEFINED arg_FLOOR)
    message(FATAL_ERROR "${name}: say which FLOOR it is on.")
  endif()

  add_library(${name} STATIC ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES FLOOR ${arg_FLOOR} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/backend)
  target_link_libraries(
    ${name}
    PUBLIC ${arg_USES} ${arg_LINKS}
    PRIVATE project_options)

  foreach(used IN LISTS arg_USES)
    if(NOT TARGET ${used})
      message(FATAL_ERROR "${name} uses ${used}, which is not defined before it: is it above?")
    endif()
    get_target_property(used_floor ${used} FLOOR)
    if(used_floor GREATER_EQUAL arg_FLOOR)
      message(FATAL_ERROR "${name} (floor ${arg_FLOOR}) may not use ${used} (floor ${used_floor}).")
    endif()
  endforeach()
endfunction()

# One test program. LAYER says what it needs: `unit` nothing, `integration` the servers that
# scripts/with-services starts.
function(add_earshot_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LAYER" "SOURCES;USES")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_USES} test_main project_options)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE EARSHOT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(
    ${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/${arg_LAYER})
  add_dependencies(test_programs ${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LAYER} TIMEOUT 300)
endfunction()
