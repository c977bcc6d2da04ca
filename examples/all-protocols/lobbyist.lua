-- All documented protocols in one process: by path on port 9080, and each on the port that its clients know.
--
--   lobbyist serve --config examples/all-protocols/lobbyist.lua

listen "0.0.0.0:9080"

limits { connections = 20000, connections_per_address = 200 }

-- Godot's demo, at every path of port 9080 that is no other mount's.
mount "/" { script = "scripts/godot.lua" }

mount "/gamejam" { script = "scripts/gamejam.lua", listen = "0.0.0.0:6755" }

mount "/unity" { script = "scripts/unity.lua", listen = "0.0.0.0:8080" }

-- gosignaling and singo clients ask for these very paths.
mount { "/connect", "/ws", "/health" } { script = "scripts/singo.lua", listen = "0.0.0.0:5000" }

mount "/signalling" { script = "scripts/broadcast.lua" }
