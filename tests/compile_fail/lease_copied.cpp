// A borrowed connection has one borrower.
#include "pg/pool.hpp"

pg::Lease good(pg::Lease& lease) { return std::move(lease); }
// Refused: 'pg::Lease::Lease(const pg::Lease&)'
pg::Lease bad(pg::Lease& lease) { return lease; }
