//! The contracts of the storage ports, in memory.

use store_memory::MemoryStore;

conformance::suite!(async { (MemoryStore::default(), ()) });
