#!/usr/bin/python3
"""Parses UTF-16 in which two high surrogates follow each other, and no low one."""
from xml.parsers import expat

document = "<?xml version='1.0' encoding='UTF-16'?><a>".encode("utf-16-le")
document = b"\xff\xfe" + document + b"\x00\xd8\x00\xd8" + "</a>".encode("utf-16-le")
try:
    expat.ParserCreate().Parse(document, True)
    print("accepted")
except expat.ExpatError as error:
    print("refused:", expat.ErrorString(error.code))
except UnicodeError as error:
    print("accepted:", error)
