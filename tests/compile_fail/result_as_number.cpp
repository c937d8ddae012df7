// A Result is not its value: whoever wants that must look first.
#include "base/result.hpp"

base::Result<int, int> parsed();

int good() { return *parsed(); }
// Refused: cannot convert 'base::Result<int, int>' to 'int' in return
int bad() { return parsed(); }
