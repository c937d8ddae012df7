// What a function returns as a Result cannot be overlooked.
#include "base/result.hpp"

base::Result<int, int> parsed();

void good() { static_cast<void>(parsed()); }
// Refused: ignoring returned value of type 'base::Result<int, int>'
void bad() { parsed(); }
