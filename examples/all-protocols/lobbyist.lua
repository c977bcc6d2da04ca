-- All documented protocols in one process: by path on port 9080, and each on the port that its clients know.
--
--   lobbyist serve --config examples/all-protocols/lobbyist.lua

listen "0.0.0.0:9080"

limits { connections = 10000, connections_per_address = 200 }

-- For a relay on the open internet. Behind a proxy, where everybody comes from its address, leave this out.
local plugins = {
  "plugins/rate_limit.lua",
  { "plugins/capacity.lua", peers_per_lobby = 0, lobbies_per_address = 100 },
}

-- Godot's demo, at every path of port 9080 that is no other mount's.
mount "/" { script = "scripts/godot.lua", plugins = plugins }

mount "/gamejam" { script = "scripts/gamejam.lua", plugins = plugins, listen = "0.0.0.0:6755" }

-- With these settings, and `?initiate_call=1` for those that need it, all known Unity clients can connect.
mount "/unity" {
  script = "scripts/unity.lua",
  settings = { targets = true, replay = true },
  plugins = plugins,
  listen = "0.0.0.0:8080",
}

-- gosignaling and singo clients ask for these very paths.
mount { "/connect", "/ws", "/health" } {
  script = "scripts/singo.lua",
  plugins = plugins,
  listen = "0.0.0.0:5000",
}

mount "/signalling" { script = "scripts/broadcast.lua", plugins = plugins }
