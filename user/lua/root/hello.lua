-- lua /hello.lua NAME...: what the machine is, and its arguments.
print("Hello from " .. _VERSION .. ", " .. math.maxinteger .. " is the largest integer.")
for number, name in ipairs(arg) do
    print(number, name)
end
