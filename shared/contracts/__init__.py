"""The event contracts: one file per publisher, one golden example per event type in examples/.

Events are thin: ids, version, kind and counts; no names, no numbers of people. Changes are additive only; a
breaking change is a new type.
"""
