-- Coroutines: generators, passing values, errors, many at once, deep stacks, closing.
local function permutations(list, n)
    n = n or #list
    if n <= 1 then coroutine.yield(list) end
    for i = 1, n do
        list[i], list[n] = list[n], list[i]
        permutations(list, n - 1)
        list[i], list[n] = list[n], list[i]
    end
end
local lines = {}
for list in coroutine.wrap(function() permutations({1, 2, 3}) end) do
    lines[#lines + 1] = table.concat(list)
end
print(#lines, table.concat(lines, " "))

local echo = coroutine.create(function(...)
    local got = {...}
    while true do got = {coroutine.yield(#got, table.unpack(got))} end
end)
print(coroutine.resume(echo, "a", "b"))
print(coroutine.resume(echo))
print(coroutine.status(echo), coroutine.isyieldable(), (select(2, coroutine.running())))

local broken = coroutine.create(function() error({code = 7}) end)
local ok, problem = coroutine.resume(broken)
print(ok, problem.code, coroutine.status(broken), coroutine.resume(broken))

local closed = coroutine.create(function()
    local guard <close> = setmetatable({}, {__close = function() print("guard closed") end})
    coroutine.yield()
end)
coroutine.resume(closed)
print(coroutine.close(closed), coroutine.status(closed))

-- A ring of a thousand that hand a token on.
local ring, passed = {}, 0
for i = 1, 1000 do
    ring[i] = coroutine.wrap(function()
        while true do passed = passed + 1; coroutine.yield() end
    end)
end
for round = 1, 20 do
    for i = 1, #ring do ring[i]() end
end
print(passed)

local function deep(n)
    if n == 0 then coroutine.yield("bottom") return 0 end
    return 1 + deep(n - 1)
end
local diver = coroutine.wrap(deep)
print(diver(10000), diver())
print(select(2, pcall(coroutine.wrap(function() pcall(coroutine.yield, 1); error("after") end))))
