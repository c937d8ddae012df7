# What every target of ours is compiled with. Linked PRIVATE, so that nothing leaks to a user of a
# library.
add_library(project_options INTERFACE)
target_compile_options(
  project_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wconversion
            -Wsign-conversion
            -Wshadow
            -Wold-style-cast
            -Wnon-virtual-dtor
            -Woverloaded-virtual
            -Wimplicit-fallthrough
            # g++ 12 sees overlaps in std::string operator+ that are none (GCC bug 105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            $<$<BOOL:${EARSHOT_WERROR}>:-Werror>)

# A hidden sanitizer mismatch between objects is worse than none, so the flags are global.
if(EARSHOT_SANITIZE)
  add_compile_options(-fsanitize=${EARSHOT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${EARSHOT_SANITIZE})
  if(EARSHOT_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
