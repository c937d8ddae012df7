// A transaction cannot be copied: nobody could say what the second commit means.
#include "pg/transaction.hpp"

pg::Rows good(pg::Transaction& tx) { return tx.query("select 1"); }
// Refused: use of deleted function 'pg::Transaction::Transaction(const pg::Transaction&)'
pg::Transaction bad(pg::Transaction& tx) { return tx; }
