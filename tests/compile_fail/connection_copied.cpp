// A connection cannot be copied: two threads would talk over each other.
#include "pg/connection.hpp"

pg::Connection& good(pg::Connection& connection) { return connection; }
// Refused: use of deleted function 'pg::Connection::Connection(const pg::Connection&)'
pg::Connection bad(pg::Connection& connection) { return connection; }
