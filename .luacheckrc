-- Policies and plugins are plain Lua 5.4 under the relay's sandbox.
std = "lua54"
read_globals = { "crypto", "json", "mount", "random", "relay" }
not_globals = { "_G", "collectgarbage", "coroutine", "debug", "dofile", "io", "load", "loadfile", "os", "package", "warn" }
max_line_length = 120
-- A hook takes what the relay hands it, wanted or not.
unused_args = false
