-- Lobby codes that can be told by telephone: "amber-boat-cedar-drum" instead of "C7s5dGob1MOgkyKM". A plugin, for
-- policies that draw the names of lobbies (godot, gamejam, unity); where clients choose the name it makes no sense.

local words = require "words"

local plugin = {}

-- Asked again while there is a lobby of this name. 256 words make 4 billion codes.
function plugin.on_create()
  local code = {}
  for i = 1, 4 do code[i] = words[random.integer(1, #words)] end
  return table.concat(code, "-")
end

-- "Amber boat, cedar drum." is as good.
function plugin.on_find(name)
  local code = name:lower():gsub("%A+", "-"):gsub("^%-", ""):gsub("%-$", "")
  if mount:find_lobby(code) then return code end
end

return plugin
