-- Lobbies are called by short codes that people can read out and type, instead of by the policy's own names.
--
-- A code is found however it is typed: in either case, with spaces or dashes, with a character that only looks like
-- one of the alphabet. Who has looked up too many that do not exist finds nothing for a while.

local settings = relay.settings {
  length = 5, -- characters; of crowded codes there are longer ones
  -- Letters and digits. Neither 0 O nor 1 I L nor U V are told apart by everybody; without vowels there are no words.
  alphabet = "23456789BCDFGHJKMNPQRSTVWXYZ",
  wrong_per_minute = 10, -- codes that do not exist, from one address (IPv6: one /64); 0: any number
}

local DRAWS_MAX <const> = 16        -- of one length
local TYPED_BYTES_MAX <const> = 256 -- what is longer is no code
local LOOK_ALIKES <const> = { "0ODQ", "1IL", "2Z", "5S", "6G", "8B", "UV" }

local alphabet <const> = settings.alphabet
assert(settings.length >= 1 and settings.length <= 64, "length is 1 to 64")
assert(alphabet:find("^%w%w+$"), "alphabet is two letters or digits at least, and nothing else")
for character in alphabet:gmatch(".") do
  assert(select(2, alphabet:gsub(character, "")) == 1, "alphabet has '" .. character .. "' twice")
end
assert(settings.wrong_per_minute >= 0, "wrong_per_minute is 0 or more")

local wrong = require("shared.guesses").new(settings.wrong_per_minute)

local plugin = {}

-- Typing ----------------------------------------------------------------------------------------------

-- The one character of the alphabet that looks like this one; nil when there is none, or more.
local function only_look_alike(character)
  local found
  for _, group in ipairs(LOOK_ALIKES) do
    for other in (group:find(character:upper(), 1, true) and group .. group:lower() or ""):gmatch("%w") do
      if alphabet:find(other, 1, true) then
        if found and found ~= other then return nil end
        found = other
      end
    end
  end
  return found
end

-- What is meant by a character that the alphabet does not have.
local meanings = {}
for byte = ("0"):byte(), ("z"):byte() do
  local character = string.char(byte)
  if character:find("%w") and not alphabet:find(character, 1, true) then
    local other_case = character:upper() == character and character:lower() or character:upper()
    meanings[character] = alphabet:find(other_case, 1, true) and other_case or only_look_alike(character)
  end
end

local function code_of(typed)
  return (typed:gsub("[%s%-_.]", ""):gsub("%w", meanings))
end

-- Looking up ------------------------------------------------------------------------------------------

-- Policies look up whether a name is free before they create a lobby. Such a miss is taken back: it was no guess.
local missed, seeker = 0, nil

local function begin(peer)
  missed, seeker = 0, peer
end

plugin.on_connect = begin
plugin.on_message = begin

function plugin.on_find(name, peer)
  local lobby = mount:find_lobby(name)
  if lobby and (not peer or lobby:id_of(peer)) then return end
  -- No lobby has the empty name.
  if peer and wrong:are_spent(peer:address()) then return "" end
  if lobby or #name > TYPED_BYTES_MAX then return end

  local code = code_of(name)
  if peer and not mount:find_lobby(code) then
    wrong:add(peer:address())
    if peer == seeker then missed = missed + 1 end
  end
  return code
end

function plugin.on_create(_, peer)
  if peer and peer == seeker and missed > 0 then
    wrong:take_back(peer:address(), missed)
    missed = 0
  end
  for draw = 0, math.maxinteger do
    local code = random.text(settings.length + draw // DRAWS_MAX, alphabet)
    if not mount:find_lobby(code) then return code end
  end
end

return plugin
