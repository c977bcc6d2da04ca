-- Refuses everybody in the newer version, which alone is told of a reload.
local plugin, is_newer = {}, false
function plugin.on_reload() is_newer = true end
function plugin.on_join() if is_newer then return "The newest was asked" end end
return plugin
