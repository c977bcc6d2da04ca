-- Says what it finds in a message, and sends it back changed.
local policy = { timers = {} }

local answers = {}

-- A name with a space, as some protocols have them.
answers["room id"] = function(peer, message)
  message:forward(peer, "room id", message:string("room id") .. "!", "your peer.own id", 7)
end

-- null is there; a field that is not there is nil to kind.
answers.offer = function(peer, message)
  peer:send(("%s, %s"):format(message:kind("offer"), message:kind("answer")))
  message:forward(peer, "answer", json.null, "offer", json.absent)
end

-- Bytes as letters from U+0000 to U+00FF.
answers.data = function(peer, message) message:forward(peer, "data", message:string("data"), "to", 1) end

function policy.on_message(peer, message)
  local text = message:string()
  if text then return peer:send(json.encode(text:reverse())) end
  local number = message:number()
  if number then return peer:send(("%s %s"):format(number, message:integer())) end
  for name, answer in pairs(answers) do
    if message:kind(name) then return answer(peer, message) end
  end
  peer:send(tostring(message:raw()))
end

return policy
