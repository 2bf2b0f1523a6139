# Lua 5.4, unmodified, from Debian's source package: its interpreter `lua`, with what POSIX offers.
# (No dynamic loading of modules, no line editing: a fused image has neither.)

LUA := build/lua
objects-lua := $(patsubst %,$(LUA)/obj/%.o,lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo \
    ldump lfunc lgc linit liolib llex lmathlib lmem loadlib lobject lopcodes loslib lparser lstate lstring \
    lstrlib ltable ltablib ltm lua lundump lutf8lib lvm lzio)

$(eval $(call source_rule,$(LUA),user/lua/source.sha256))

# Their code, their warnings: ours are not errors here.
$(objects-lua): $(LUA)/obj/%.o: $(LUA)/source user/lua/port.mk Makefile $(MUSL)/headers
	$(call say,CC,lua: $*.c)
	@mkdir -p $(@D)
	@$(CC) $(filter-out -Werror,$(MUSL_CFLAGS)) -w -O2 -DLUA_USE_POSIX -Iuser/lua -c $(LUA)/src/src/$*.c -o $@.part \
	    && mv $@.part $@
