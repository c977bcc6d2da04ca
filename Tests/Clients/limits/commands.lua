-- Does what a message says, `command argument`, and answers what came of it, "ok" or the error. JSON is answered with
-- its kind, any other text with itself.
local policy = { timers = {} }
local commands = {}

function commands.create(_, name) return select(2, mount:create_lobby(name)) end

function commands.join(peer, name) mount:find_lobby(name):add(peer, random.uuid()) end

function commands.tell(_, size) mount:find_lobby("a"):broadcast(("x"):rep(math.tointeger(tonumber(size)))) end

function commands.timer(peer, name) peer:after(1000, name) end

function commands.attribute(peer, size) peer.attribute = ("x"):rep(math.tointeger(tonumber(size))) end

function commands.hold(_, size) return tostring(mount:hold("Eve", ("x"):rep(math.tointeger(tonumber(size))), 60)) end

function commands.deliver(peer) return mount:deliver("Eve", peer) end

function commands.discard() return mount:discard("Eve") end

function commands.memory(peer, size) peer:send(#("x"):rep(math.tointeger(tonumber(size))) .. " bytes") end

function commands.flood(peer, count)
  for _ = 1, math.tointeger(tonumber(count)) do peer:send(("x"):rep(1000)) end
end

function commands.close(peer) peer:close(4000, "As you wish") end

function commands.log(_, text) relay.log("info", text) end

function commands.spin()
  while true do end
end

function policy.timers.one() end
policy.timers.two, policy.timers.three = policy.timers.one, policy.timers.one

function policy.on_message(peer, message)
  local text = message:text()
  if text:find("^[%[{]") then return peer:send(tostring(message:kind())) end
  local word, argument = text:match("^(%l+) ?(.*)$")
  local command = commands[word]
  if not command then return peer:send(text) end
  local _, answer = pcall(command, peer, argument)
  peer:send(answer and tostring(answer) or "ok")
end

return policy
