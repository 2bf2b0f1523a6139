-- lua /suite/all.lua: every script of the suite in turn. Each checks itself and prints what it found;
-- what they print is the same on every machine.
local scripts = {"strings", "tables", "closures", "coroutines", "errors", "numbers", "collector",
                 "files", "system", "modules"}
for _, name in ipairs(scripts) do
    print("== " .. name)
    local ok, problem = xpcall(dofile, debug.traceback, "/suite/" .. name .. ".lua")
    print(ok and name .. " ok" or problem)
end
