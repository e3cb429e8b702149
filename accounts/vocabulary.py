"""The words of roles, mandates and the service desk, spelled once. Pure."""

import enum


class Party(enum.StrEnum):
    """As whom somebody, or something, asks to do something: the rows of the table of rights."""

    NOBODY = "nobody"
    CUSTOMER = "customer"
    REPRESENTATIVE = "representative"  # a customer who acts for another one, under a mandate
    DESK = "desk"
    OFFICER = "officer"
    ADMIN = "admin"
    SERVICE = "service"
    SYSTEM = "system"  # a task of this program itself


class Permission(enum.StrEnum):
    """What a representative may do for another person. A mandate never holds more than these."""

    VIEW = "view"
    GIVE = "grant"
    WITHDRAW = "withdraw"
    EXPORT = "export"


class MandateKind(enum.StrEnum):
    """Where the right to act for another comes from: a gift, or the law (BW 1:245, 1:378, 1:431, 1:450)."""

    VOLUNTARY = "voluntary"
    PARENTAL = "parental"
    CURATOR = "curator"
    ADMINISTRATOR = "administrator"
    MENTOR = "mentor"


class MandateSource(enum.StrEnum):
    PORTAL = "portal"
    OFFICE = "office"


class Evidence(enum.StrEnum):
    """Which kind of paper an officer saw. The kind is kept, never a copy."""

    COURT_ORDER = "court-order"
    REGISTER = "register"  # of guardianship and administration, or the register of persons
    BIRTH_CERTIFICATE = "birth-certificate"


class Ender(enum.StrEnum):
    """Who ended a mandate."""

    REPRESENTED = "represented"
    REPRESENTATIVE = "representative"
    OFFICER = "officer"


class OpeningReason(enum.StrEnum):
    """Why an employee of the service desk opens the data of a customer. The customer reads it."""

    CALLED = "called"
    AT_THE_COUNTER = "at-the-counter"
    WROTE = "wrote"
    COMPLAINT = "complaint"
