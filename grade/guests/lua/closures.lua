-- Functions: closures, recursion, varargs, tail calls, goto, to-be-closed variables.
local function counter()
    local n = 0
    return function() n = n + 1; return n end, function() return n end
end
local step, value = counter()
local other = counter()
step(); step(); other()
print(value(), other())

local functions = {}
for i = 1, 5 do
    functions[i] = function() i = i * 10; return i end
end
print(functions[1](), functions[1](), functions[5]())

local function loop(n)
    if n == 0 then return "a million tail calls" end
    return loop(n - 1)
end
print(loop(1000000))

local function ackermann(m, n)
    if m == 0 then return n + 1 end
    if n == 0 then return ackermann(m - 1, 1) end
    return ackermann(m - 1, ackermann(m, n - 1))
end
print(ackermann(2, 300), select(-1, 1, 2, 3), (select("#", nil, nil)))

local function sum(...)
    local total = 0
    for _, number in ipairs({...}) do total = total + number end
    return total, ...
end
print(sum(1, 2, 3))

for i = 1, 3 do
    for j = 1, 3 do
        if j == 2 then goto continue end
        io.write(i, ":", j, " ")
        ::continue::
    end
end
print()

do
    local first <close> = setmetatable({}, {__close = function() print("first closed last") end})
    local second <close> = setmetatable({}, {__close = function() print("second closed first") end})
    local constant <const> = 7
    print("open", constant)
end

local compiled = assert(load("local x = ...; return x * 2, _ENV"))
print((compiled(21)), load("return +"), select(2, load("x =")))
local env = {}
assert(load("y = 5", "chunk", "t", env))()
print(env.y, y, string.dump(compiled):sub(2, 4), (load(string.dump(compiled))(4)))
