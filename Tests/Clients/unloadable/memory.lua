-- Wants all memory before it returns its table.
local text = "x"
while true do text = text .. text end
