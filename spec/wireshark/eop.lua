-- A Wireshark dissector for EOP, the End-point Operation Protocol, over TCP. See README.md beside it.
--
-- Only what is visible on the wire is judged; every expert info names its requirement. A direction is read frame by frame
-- until a REDIRECT ends it or an opcode breaks it; what is behind that is never searched for a header (EOP-FRM-9).
--
-- What depends on earlier packets is found out in their order, when each is read for the first time, and kept by packet
-- number: a packet that is shown again later is shown the same. A first pass of `tshark -2` without a filter makes no fields
-- of TCP's; connections are then told apart by their ends alone, and the second pass counts as the first time.

local HEADER = 12
local NORMAL, REDIRECT = 0x0001, 0x0002
local DEFAULT_LIMIT = 1048576 -- EOP-LIM-2

local eop = Proto("eop", "End-point Operation Protocol")
-- Sees every packet behind the others: connections begin and end in packets that carry nothing for `eop`.
local edges = Proto("eop_edges", "EOP connection edges")

local fields = {
  opcode = ProtoField.uint16("eop.opcode", "Opcode", base.HEX, { [NORMAL] = "NORMAL", [REDIRECT] = "REDIRECT" }),
  port = ProtoField.uint16("eop.port", "Port", base.DEC),
  addr = ProtoField.ipv4("eop.addr", "Address"),
  slen = ProtoField.uint32("eop.slen", "Payload length", base.DEC),
  payload = ProtoField.bytes("eop.payload", "Payload"),
  target = ProtoField.string("eop.target", "Redirect target"),
  kind = ProtoField.string("eop.kind", "Redirect kind"),
  piece = ProtoField.bytes("eop.piece", "Piece of a payload"),
  unparsed = ProtoField.bytes("eop.unparsed", "Not parsed"),
  discarded = ProtoField.bool("eop.discarded", "Discarded: the server had sent a REDIRECT before"),
}
eop.fields = fields

local function violation(name, text)
  return ProtoExpert.new("eop." .. name, text, expert.group.PROTOCOL, expert.severity.ERROR)
end
local function remark(name, text)
  return ProtoExpert.new("eop." .. name, text, expert.group.PROTOCOL, expert.severity.NOTE)
end
local infos = {
  unknown = violation("unknown_opcode", "UnknownOpcode: neither NORMAL nor REDIRECT (EOP-OPC-2)"),
  not_eop = violation("not_eop", "NotEop: the first opcode of this direction is none of EOP (EOP-OPC-5)"),
  order = violation("byte_order", "ByteOrderMismatch: the opcode's octets are swapped (EOP-OPC-6)"),
  nonzero = violation("normal_not_zero", "A NORMAL frame with a port or an address (EOP-FRM-6)"),
  from_client = violation("redirect_from_client", "A REDIRECT from the side that opened the connection (EOP-RED-1)"),
  after = violation("after_redirect", "Octets behind a REDIRECT, which has to be the last frame (EOP-RED-8)"),
  target = violation("forbidden_target", "A target that no client may follow (EOP-RED-14, EOP-POL-1)"),
  truncated = violation("truncated", "TruncatedFrame: the stream ends inside a frame (EOP-FRM-5)"),
  large = remark("over_default_limit", "More than the default limit of 1,048,576 octets (EOP-LIM-2)"),
  gap = remark("gap", "Octets before this are missing, or were not taken for EOP; this direction is not parsed any further"),
}
eop.experts = { infos.unknown, infos.not_eop, infos.order, infos.nonzero, infos.from_client, infos.after, infos.target,
  infos.large, infos.gap }
edges.experts = { infos.truncated }

eop.prefs.ports = Pref.range("TCP ports", "", "Ports whose connections are EOP; none is assigned.", 65535)

local tcp = {
  stream = Field.new("tcp.stream"),
  seq = Field.new("tcp.seq_raw"),
  len = Field.new("tcp.len"),
  syn = Field.new("tcp.flags.syn"),
  ack = Field.new("tcp.flags.ack"),
  fin = Field.new("tcp.flags.fin"),
}

-- By TCP stream: which end opened it, the first and the last packet that were read, and both directions by the end that sends.
local connections = {}
-- What this dissection of one packet has already passed: cleared behind every packet.
local passed = {}

local function value(field)
  local info = field()
  return info and info.value
end

function eop.init()
  connections, passed = {}, {}
end

local function sender(pinfo)
  return tostring(pinfo.src) .. ":" .. pinfo.src_port
end

local function receiver(pinfo)
  return tostring(pinfo.dst) .. ":" .. pinfo.dst_port
end

local function connection(pinfo)
  local key = value(tcp.stream)
  if not key then
    local from, to = sender(pinfo), receiver(pinfo)
    key = from < to and from .. "-" .. to or to .. "-" .. from
  end
  connections[key] = connections[key] or { directions = {}, last = 0 }
  return connections[key]
end

local function direction(of, pinfo)
  local from = sender(pinfo)
  -- next: the sequence number at which the next frame begins; frames: how many headers were read.
  -- broken, redirect, gap, ended: the packet in which it happened. skips: by packet, payload octets at its beginning.
  of.directions[from] = of.directions[from] or { skips = {}, skip = 0, frames = 0 }
  return of.directions[from]
end

-- Whether the server had sent a REDIRECT before this packet of the client's: then the client may stop anywhere
-- (EOP-RED-13), and the server reads no frame any more (EOP-CLS-2).
local function discarded(of, pinfo)
  local server = receiver(pinfo)
  local it = of.directions[server]
  return it ~= nil and it.redirect ~= nil and of.opener ~= server and pinfo.number > it.redirect
end

-- Payloads and frames as the specification's notation and the suite's reports show them; no payload is an empty one.
local function brief(payload)
  if not payload then return '""' end
  local length = payload:len()
  local function hex(count) return payload(0, math.min(count, length)):bytes():tohex(true) end
  if length > 80 then return length .. " octets " .. hex(8) .. ".." end
  local text = payload:raw()
  if text:find("^[\32-\126]*$") then return '"' .. text .. '"' end
  return hex(24) .. (length > 24 and ".. (" .. length .. " octets)" or "")
end

local function notation(head, words)
  if head.opcode == NORMAL then return "N(" .. words .. ")" end
  return "R(" .. head.target .. (head.slen > 0 and ", " .. words or "") .. ")"
end

local function say(pinfo, text)
  if passed.said then
    pinfo.cols.info:append(" + " .. text)
  else
    pinfo.cols.protocol = "EOP"
    pinfo.cols.info = text
    passed.said = true
  end
end

local function header(tvb, offset)
  local addr = tvb(offset + 4, 4):ipv4()
  local port = tvb(offset + 2, 2):uint()
  return {
    opcode = tvb(offset, 2):uint(),
    port = port,
    addr = tvb(offset + 4, 4):uint(),
    first = tvb(offset + 4, 1):uint(),
    slen = tvb(offset + 8, 4):uint(),
    target = tostring(addr) .. ":" .. port,
  }
end

local function forbidden(head)
  return head.port == 0 or head.first == 0 or head.first >= 224
end

-- Octets of which nothing is read any more, to the end of `tvb`.
local function unparsed(tvb, offset, pinfo, tree, why, words)
  local item = tree:add(eop, tvb(offset), "EOP, " .. words)
  item:add(fields.unparsed, tvb(offset))
  if why then item:add_proto_expert_info(why) end
  say(pinfo, words)
end

-- Shows the frame at `offset`, of which `there` octets are in `tvb`.
local function show(tvb, offset, there, head, pinfo, tree, context)
  local payload = there > HEADER and tvb(offset + HEADER, there - HEADER) or nil
  local complete = there == HEADER + head.slen
  local text = notation(head, complete and brief(payload) or head.slen .. " octets")
  local item = tree:add(eop, tvb(offset, there), "EOP, " .. text)
  local opcode = item:add(fields.opcode, tvb(offset, 2))
  local port = item:add(fields.port, tvb(offset + 2, 2))
  item:add(fields.addr, tvb(offset + 4, 4))
  local slen = item:add(fields.slen, tvb(offset + 8, 4))
  if head.opcode == REDIRECT then
    item:add(fields.target, tvb(offset + 2, 6), head.target):set_generated()
    item:add(fields.kind, tvb(offset + 8, 4), head.slen == 0 and "early or idle" or "late"):set_generated()
    if context.from_opener then opcode:add_proto_expert_info(infos.from_client) end
    if forbidden(head) then port:add_proto_expert_info(infos.target) end
  elseif head.port ~= 0 or head.addr ~= 0 then
    port:add_proto_expert_info(infos.nonzero)
  end
  if head.slen > DEFAULT_LIMIT then slen:add_proto_expert_info(infos.large) end
  if payload then item:add(complete and fields.payload or fields.piece, payload) end
  if context.discarded then item:add(fields.discarded, true):set_generated() end
  say(pinfo, text .. (context.discarded and " (discarded)" or ""))
end

local function wrong_opcode(opcode, first)
  if opcode == 0x0100 or opcode == 0x0200 then return infos.order, "ByteOrderMismatch" end
  if first then return infos.not_eop, "NotEop" end
  return infos.unknown, "UnknownOpcode"
end

-- What is said of octets at which a direction is read no more, or nothing.
local function stopped(it, pinfo, context)
  local function since(number) return number and pinfo.number > number end
  if passed.redirect or since(it.redirect) then return context.behind, "octets behind a REDIRECT" end
  if since(it.broken) then return nil, "octets behind an error" end
  if it.gap and pinfo.number >= it.gap then
    return pinfo.number == it.gap and infos.gap or nil, "octets behind a gap"
  end
end

-- The part of a frame's payload with which this packet goes on, where frames are not put together.
local function go_on(it, tvb, pinfo, tree, first_time)
  if first_time and it.skip > 0 then it.skips[pinfo.number] = it.skip end
  local skip = not passed.called and it.skips[pinfo.number] or 0
  if skip == 0 then return 0 end
  local piece = math.min(skip, tvb:reported_len())
  local captured = math.min(piece, tvb:len())
  local item = tree:add(eop, tvb(0, captured), "EOP, " .. piece .. " octets more of a payload")
  if captured > 0 then item:add(fields.piece, tvb(0, captured)) end
  if first_time then it.skip = skip - piece end
  say(pinfo, ".. " .. piece .. " octets")
  return piece
end

-- Reads frames from `offset` on; how far it came. `wants` tells how many octets are missing behind that, 0 for unknown.
local function frames(it, tvb, offset, pinfo, tree, context)
  local first_time = context.first_time
  while offset < tvb:len() do
    local left, captured = tvb:reported_len() - offset, tvb:len() - offset
    local opcode = captured >= 2 and tvb(offset, 2):uint() or nil
    local why, words
    if opcode and opcode ~= NORMAL and opcode ~= REDIRECT then
      if first_time then it.broken_first = it.opened and it.frames == 0 end
      why, words = wrong_opcode(opcode, it.broken_first)
      if context.discarded then why, words = nil, "discarded octets" end
    elseif captured < HEADER then
      if left < HEADER and context.can_wait then return offset, 0 end
      words = "a header that is not wholly here"
    end
    if words then
      if first_time then it.broken = pinfo.number end
      unparsed(tvb, offset, pinfo, tree, why, words)
      return tvb:reported_len()
    end
    local head = header(tvb, offset)
    local whole = HEADER + head.slen
    local together = head.slen <= DEFAULT_LIMIT and context.can_wait
    if left < whole and together then return offset, whole - left end
    local there = math.min(whole, tvb:len() - offset)
    show(tvb, offset, there, head, pinfo, tree, context)
    if first_time then
      it.frames = it.frames + 1
      it.skip = math.max(0, whole - left)
    end
    offset = offset + math.min(whole, left)
    if head.opcode == REDIRECT then
      if first_time then it.redirect = pinfo.number end
      passed.redirect = true
      if offset < tvb:len() and it.skip == 0 then
        unparsed(tvb, offset, pinfo, tree, context.behind, "octets behind a REDIRECT")
      end
      return tvb:reported_len()
    end
  end
  return tvb:reported_len()
end

local function dissect(tvb, pinfo, tree)
  local of = connection(pinfo)
  local it = direction(of, pinfo)
  local first_time = pinfo.number > of.last
  -- Packets that came before the heuristic knew the connection are left to others when they are shown again.
  of.since = of.since or pinfo.number
  if pinfo.number < of.since then return 0 end
  -- The first octets of a direction come as they are; those that were waited for are not where their packet begins.
  if first_time and not it.waiting and not passed.called then
    local seq = value(tcp.seq)
    it.claimed = true
    it.next = it.next or seq
    local blind = pinfo.visited -- what the first pass waited for does not come here
    if it.next ~= seq and not (blind or it.redirect or it.broken) then it.gap = it.gap or pinfo.number end
  end
  -- What was waited for comes put together, or not at all.
  if first_time and it.waiting and pinfo.can_desegment == 0 then it.gap = it.gap or pinfo.number end
  local offset = go_on(it, tvb, pinfo, tree, first_time)
  passed.called = true
  local from_opener = of.opener == sender(pinfo)
  local context = {
    first_time = first_time,
    from_opener = from_opener,
    behind = not from_opener and infos.after or nil,
    discarded = discarded(of, pinfo),
    can_wait = pinfo.can_desegment > 0,
  }
  local why, words = stopped(it, pinfo, context)
  if words and offset < tvb:len() then
    unparsed(tvb, offset, pinfo, tree, why, words)
    return tvb:reported_len()
  end
  local done, wants = frames(it, tvb, offset, pinfo, tree, context)
  if first_time then
    it.waiting = wants ~= nil
    it.next = it.next and (it.next + done) % 4294967296
  end
  if wants then
    pinfo.desegment_offset = done
    pinfo.desegment_len = wants > 0 and wants or DESEGMENT_ONE_MORE_SEGMENT
  end
  return tvb:reported_len()
end

eop.dissector = dissect

-- Strict, since it sees the beginnings of all connections without a dissector: frames fill what is there exactly, up to a
-- last NORMAL that goes on; nothing in them is reserved or forbidden; and it is the beginning of the stream, if that is known.
local function plausible(tvb)
  local offset, length = 0, tvb:len()
  if length ~= tvb:reported_len() then return false end
  while length - offset >= HEADER do
    local head = header(tvb, offset)
    if head.slen > DEFAULT_LIMIT then return false end
    local whole = HEADER + head.slen
    if head.opcode == NORMAL then
      if head.port ~= 0 or head.addr ~= 0 then return false end
      if whole > length - offset then return true end
    elseif head.opcode == REDIRECT then
      return not forbidden(head) and whole == length - offset
    else
      return false
    end
    offset = offset + whole
  end
  return offset > 0 and offset == length
end

-- Calls `dissect` itself: by way of `eop.dissector` it could not ask TCP for more octets.
local function heuristic(tvb, pinfo, tree)
  if not plausible(tvb) then return false end
  local it = direction(connection(pinfo), pinfo)
  if it.start and it.start ~= value(tcp.seq) then return false end
  pinfo.conversation = eop
  dissect(tvb, pinfo, tree)
  return true
end

-- SYN says who opened the connection and where the directions begin; FIN says whether one ends inside a frame.
function edges.dissector(_, pinfo, tree)
  passed = {}
  if pinfo.port_type ~= 2 then return end -- TCP
  local of = connection(pinfo)
  local it = direction(of, pinfo)
  local first_time = pinfo.number > of.last
  of.last = math.max(of.last, pinfo.number)
  if value(tcp.syn) then
    if not value(tcp.ack) then of.opener = sender(pinfo) end
    it.start = (value(tcp.seq) + 1) % 4294967296
    it.next, it.opened = it.next or it.start, true
  elseif value(tcp.fin) then
    if first_time and it.claimed and not it.ended then
      local over = it.redirect or it.broken or it.gap or discarded(of, pinfo)
      local ends = (value(tcp.seq) + value(tcp.len)) % 4294967296
      it.ended = pinfo.number
      it.truncated = not over and (it.skip > 0 or ends ~= it.next)
    end
    if it.ended == pinfo.number and it.truncated then
      tree:add(edges, "EOP, the stream ends inside a frame"):add_proto_expert_info(infos.truncated)
      pinfo.cols.info:append(" TruncatedFrame")
    end
  end
end

local registered = ""
function eop.prefs_changed()
  local ports = DissectorTable.get("tcp.port")
  if registered ~= "" then ports:remove(registered, eop) end
  registered = eop.prefs.ports
  if registered ~= "" then ports:add(registered, eop) end
end

DissectorTable.get("tcp.port"):add_for_decode_as(eop)
eop:register_heuristic("tcp", heuristic)
register_postdissector(edges)
