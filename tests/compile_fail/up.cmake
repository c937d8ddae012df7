# A library that uses a higher floor stops the configure step.
add_floor_library(above FLOOR 2 SOURCES empty.cpp)
add_floor_library(ground FLOOR 0 SOURCES empty.cpp)
add_floor_library(good FLOOR 3 SOURCES empty.cpp USES above ground)
# Refused: bad (floor 1) may not use above (floor 2)
add_floor_library(bad FLOOR 1 SOURCES empty.cpp USES above)
