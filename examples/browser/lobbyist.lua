-- A relay for the page beside this file: Godot's protocol with short codes, four players to a lobby, places that are
-- kept for who lost the connection, and a new host when the host leaves.
--
--   lobbyist serve --demo

listen "0.0.0.0:9080"

-- A secret shared with coturn gives players a way to each other where there is no direct one (docs/plugins/turn.md):
--   TURN_SECRET=… TURN_URL=turn:turn.example.org:3478 lobbyist serve --demo
local turn_secret = env "TURN_SECRET"
local ice = "ice.lua"
if turn_secret then ice = { "plugins/turn.lua", secret = turn_secret, urls = { env "TURN_URL" } } end

mount "/" {
  script = "scripts/godot.lua",
  static = ".",
  settings = { join_timeout = 5 },
  plugins = {
    -- Long enough for five attempts of the page to come back. A tab that crashed holds one of four places as long.
    { "plugins/resume.lua", seconds = 20 },
    "plugins/codes.lua",
    "plugins/rate_limit.lua",
    { "plugins/capacity.lua", peers_per_lobby = 4 },
    "departed.lua",
    ice,
    "plugins/host_migration.lua",
  },
}
