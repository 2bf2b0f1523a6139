-- Tables: arrays, hashes, sorting, metatables, lengths.
local seed = 42
local function random(limit)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % limit + 1
end

local numbers = {}
for i = 1, 5000 do
    numbers[i] = random(100000)
end
table.sort(numbers)
for i = 2, #numbers do
    assert(numbers[i - 1] <= numbers[i])
end
table.sort(numbers, function(a, b) return a > b end)
print(#numbers, numbers[1], numbers[2500], numbers[5000])

local hash, count = {}, 0
for i = 1, 20000 do
    hash["key" .. i] = i
end
for i = 1, 20000, 2 do
    hash["key" .. i] = nil
end
for key, value in pairs(hash) do
    assert(key == "key" .. value)
    count = count + 1
end
print(count, hash.key2, hash.key3)

local list = {1, 2, 3}
table.insert(list, 4)
table.insert(list, 1, 0)
print(table.remove(list), table.remove(list, 1), table.concat(list, ","), table.unpack(list))
print(table.concat(table.move({1, 2, 3}, 1, 3, 2), " "), select("#", table.unpack({}, 1, 3)))
print(table.pack("a", nil, "c").n, #{n = 1}, next({}))

local Vector = {}
Vector.__index = Vector
Vector.__add = function(a, b) return Vector.new(a.x + b.x, a.y + b.y) end
Vector.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Vector.__lt = function(a, b) return a.x < b.x end
Vector.__len = function() return 2 end
Vector.__call = function(self, factor) return Vector.new(self.x * factor, self.y * factor) end
Vector.__tostring = function(self) return "(" .. self.x .. ", " .. self.y .. ")" end
Vector.__concat = function(a, b) return tostring(a) .. tostring(b) end
function Vector.new(x, y)
    return setmetatable({x = x, y = y}, Vector)
end
local a, b = Vector.new(1, 2), Vector.new(3, 4)
print(tostring(a + b), a == Vector.new(1, 2), a < b, #a, tostring(a(10)), a .. b)

local defaults = setmetatable({}, {__index = function(_, key) return key .. "?" end})
local log = {}
local watched = setmetatable({}, {__newindex = function(t, key, value)
    log[#log + 1] = key
    rawset(t, key, value)
end})
watched.first, watched.second, watched.first = 1, 2, 3
print(defaults.missing, rawget(defaults, "missing"), table.concat(log, " "), watched.first)
