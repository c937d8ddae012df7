# A library has to say on which floor it is.
add_floor_library(good FLOOR 3 SOURCES empty.cpp)
# Refused: bad: say which FLOOR it is on
add_floor_library(bad SOURCES empty.cpp)
