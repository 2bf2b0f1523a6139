-- Numbers: integers, floats, conversions, bits, the mathematical functions.
print(math.maxinteger + 1 == math.mininteger, 7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, 2^10)
print(1 / 0, -1 / 0, 0 / 0 ~= 0 / 0, 3 | 4, 6 & 3, 5 ~ 1, ~0, 1 << 62, 1 << 64, -1 >> 60)
print(10 == 10.0, math.type(10), math.type(10.0), math.type("10"), 1e15, 1e16, 2^53, 0x10p2)
print(tonumber("0x1F"), tonumber("  12  "), tonumber("12a"), tonumber("zz", 36), tonumber("1e2"),
    tonumber("777", 8), tonumber(""))
print(math.floor(-3.5), math.ceil(-3.5), math.tointeger(3.0), math.tointeger(3.5), math.fmod(-7, 3),
    math.ult(1, -1), math.abs(math.mininteger))
for _, name in ipairs({"sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "sqrt"}) do
    io.write(name, "=", string.format("%.15g", math[name](0.5)), " ")
end
print(math.pi, math.log(8, 2), math.log(1000, 10), math.huge)
print(0.1 + 0.2, 100 // 1e-300, 5 // 0.0, pcall(function() return 5 // 0 end))
print(string.format("%.3f %.0f %5.2e %g", 2 / 3, 0.5, 123456.789, 1e20))

local primes, sieve = 0, {}
for i = 2, 20000 do
    if not sieve[i] then
        primes = primes + 1
        for j = i * i, 20000, i do sieve[j] = true end
    end
end
print(primes)

local pi, sign = 0.0, 1
for i = 1, 200001, 2 do
    pi = pi + sign * 4 / i
    sign = -sign
end
print(string.format("%.12f", pi))

math.randomseed(1234)
local first = {math.random(100), math.random(100), math.random(0)}
math.randomseed(1234)
assert(first[1] == math.random(100) and first[2] == math.random(100) and first[3] == math.random(0))
print(first[1], first[2], first[3])
