//! Opening a database for a command that may run beside a server.
