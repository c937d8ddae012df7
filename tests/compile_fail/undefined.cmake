# A library uses only what was defined before it, which is below it.
add_floor_library(ground FLOOR 0 SOURCES empty.cpp)
add_floor_library(good FLOOR 3 SOURCES empty.cpp USES ground)
# Refused: bad uses above, which is not defined before it
add_floor_library(bad FLOOR 3 SOURCES empty.cpp USES above)
