-- Wrong guesses per network: an IPv4 address, or the /64 of an IPv6 one. So nobody can try out codes or passwords.
--
-- A network's minute begins with its first wrong guess, and everything is forgotten at its end. With too many
-- networks at once the oldest is forgotten sooner.

local network_of = require("shared.ip_address").network

local SECONDS <const> = 60
-- Well below a power of two: a table that is full to the brim is laid out anew at every change.
local NETWORKS_MAX <const> = 3000

local guesses = {}
guesses.__index = guesses

---A count of its own.
---@param per_minute integer how many wrong guesses a network has; 0: any number
function guesses.new(per_minute)
  -- In the order in which they began, which is the order in which they end.
  return setmetatable({ per_minute = per_minute, minutes = {}, first = 1, last = 0, by_network = {} }, guesses)
end

local function forget_first(self)
  self.by_network[self.minutes[self.first].network] = nil
  self.minutes[self.first] = nil
  self.first = self.first + 1
end

local function forget_ended(self, now)
  while self.first <= self.last do
    local began = self.minutes[self.first].began
    -- A clock that was set back ends it, too.
    if now >= began and now < began + SECONDS then return end
    forget_first(self)
  end
end

---Whether nobody at this address may guess any more for now.
---@param address string
---@return boolean
function guesses:are_spent(address)
  if self.per_minute == 0 then return false end
  forget_ended(self, relay.now())
  local minute = self.by_network[network_of(address)]
  return minute ~= nil and minute.count >= self.per_minute
end

---Counts one wrong guess.
---@param address string
function guesses:add(address)
  local network, now = network_of(address), relay.now()
  forget_ended(self, now)
  local minute = self.by_network[network]
  if not minute then
    if self.last - self.first + 1 >= NETWORKS_MAX then forget_first(self) end
    minute = { network = network, began = now, count = 0 }
    self.last = self.last + 1
    self.minutes[self.last], self.by_network[network] = minute, minute
  end
  minute.count = minute.count + 1
end

---Takes back what was no guess after all.
---@param address string
---@param count integer
function guesses:take_back(address, count)
  local minute = self.by_network[network_of(address)]
  if minute then minute.count = math.max(0, minute.count - count) end
end

return guesses
