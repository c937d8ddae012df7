// A limit in seconds cannot be given as a bare number.
#include "pg/pool.hpp"

using namespace std::chrono_literals;

const pg::PoolOptions kGood{.wait_max = 2s};
// Refused: could not convert '2' from 'int'
const pg::PoolOptions kBad{.wait_max = 2};
