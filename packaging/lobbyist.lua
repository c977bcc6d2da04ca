-- The relay's configuration as its packages bring it: Godot's protocol on port 9080. Every statement is explained in
-- docs/configuration.md. Saved changes are taken up while the relay runs; what is wrong with them is in the log.

-- Platforms that choose the port say so in PORT.
listen("0.0.0.0:" .. (env "PORT" or "9080"))

-- For the operator: `lobbyist status`, `lobbyist reload`, metrics. Never reachable from outside this machine.
admin "127.0.0.1:9081"

-- Where `lobbyist deploy` keeps what it brings, when systemd provides a folder.
local state = env "STATE_DIRECTORY"
if state then deployments(state .. "/deployments") end

limits {
  -- Every connection takes about 650 bytes once it idles. The service allows twice as many open files.
  connections = 65536,
  -- Players of one household or school share an address. Behind a proxy all do: set it to 0 there.
  connections_per_address = 500,
}

mount "/" {
  script = "scripts/godot.lua",
  plugins = {
    "plugins/rate_limit.lua",
    "plugins/capacity.lua",
  },
}
