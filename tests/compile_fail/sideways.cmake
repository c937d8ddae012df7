# A library that uses a neighbour on its own floor stops the configure step.
add_floor_library(neighbour FLOOR 3 SOURCES empty.cpp)
add_floor_library(good FLOOR 4 SOURCES empty.cpp USES neighbour)
# Refused: bad (floor 3) may not use neighbour (floor 3)
add_floor_library(bad FLOOR 3 SOURCES empty.cpp USES neighbour)
