-- A plugin that tells who is where.
local plugin = {}

function plugin.on_request(request)
  if request:path() ~= "/count" then return end
  local rooms = {}
  for _, room in ipairs(mount:lobbies()) do rooms[#rooms + 1] = room:name() .. " " .. room:count() end
  table.sort(rooms)
  request:answer(200, #rooms .. ": " .. table.concat(rooms, ", "))
  return true
end

return plugin
