-- The garbage collector: memory comes back, finalizers run, weak tables let go, in both modes.
local function garbage(n)
    for i = 1, n do
        local t = {i, tostring(i), {i}}
    end
end

for _, mode in ipairs({"incremental", "generational"}) do
    collectgarbage(mode)
    collectgarbage()
    local before = collectgarbage("count")
    garbage(100000)
    collectgarbage()
    collectgarbage()
    print(mode, collectgarbage("count") - before < 64)
end
collectgarbage("incremental")

local finalized = 0
for i = 1, 1000 do
    setmetatable({}, {__gc = function() finalized = finalized + 1 end})
end
collectgarbage()
collectgarbage()
print("finalized", finalized)

local weak, kept = setmetatable({}, {__mode = "v"}), {}
for i = 1, 100 do
    weak[i] = {i}
    if i % 10 == 0 then kept[#kept + 1] = weak[i] end
end
collectgarbage()
local left = 0
for _ in pairs(weak) do left = left + 1 end
print("weak values", left, #kept)

local ephemeron = setmetatable({}, {__mode = "k"})
do
    local key = {}
    ephemeron[key] = {key}
end
collectgarbage()
print("ephemerons", next(ephemeron))

-- Large blocks go back to the system and come again.
local before = collectgarbage("count")
for round = 1, 20 do
    local block = ("x"):rep(1 << 20)
    assert(#block == 1 << 20)
end
local growing = {}
for i = 1, 300000 do growing[i] = i end
assert(#growing == 300000)
growing = nil
collectgarbage()
print("given back", collectgarbage("count") - before < 64)
collectgarbage("stop")
print(collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"))
