"""Names and sentences of the simulated dental practice; every one made up."""

from __future__ import annotations

FIRST = (
    "Ana", "Ben", "Cem", "Dana", "Emil", "Fatima", "Filip", "Gosia", "Hana", "Igor", "Jan", "Kasia", "Lena", "Milo",
    "Nadia", "Ola", "Pavel", "Quentin", "Rosa", "Samir", "Tessa", "Umar", "Vera", "Wiktor", "Xenia", "Yusuf", "Zofia",
    "Amara", "Bruno", "Clara", "Diego", "Elif", "Franz", "Greta", "Henrik", "Ines", "Jonah", "Kira", "Leo", "Marta",
)  # fmt: skip
LAST = (
    "Adler", "Bianchi", "Costa", "Duarte", "Evans", "Fischer", "Grabowski", "Hassan", "Ivanova", "Jensen", "Kowalska",
    "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Ricci", "Sato", "Tanaka", "Ullmann", "Varga",
    "Wagner", "Yilmaz", "Zielinski", "Brandt", "Castro", "Dvorak", "Eriksen", "Ferrari",
)  # fmt: skip
PARTNERS = (
    "Dr Hale, general practice", "Dr Moss, paediatrics", "Larch Orthodontics", "Rowan Pharmacy", "Harbour School",
    "Kestrel Insurance Desk", "Dr Ilves, cardiology", "Mill Lane Sports Club",
)  # fmt: skip
# What patients write. {} is left to the reader: these are whole sentences.
ASKED = (
    "Is it normal that it still throbs a little in the evening?",
    "Could we move Thursday to the week after? My daughter has her school play.",
    "Do you know whether the insurance covers the second part?",
    "May I already drink coffee, or better wait?",
    "Which brush did the hygienist recommend? I forgot to write it down.",
    "Can my mother come along next time? She would like to ask about her bridge.",
)
THANKED = (
    "Thank you for ringing yesterday, that was kind. It is much better.",
    "All good here, slept well. Thanks for asking!",
    "That was the first time I was not afraid. Thank you.",
)
ANSWERED = (
    "A little in the evening is normal until day four. If it wakes you at night, ring me on my own number: {phone}.",
    "Of course. I have kept Wednesday at nine for you, would that suit?",
    "I rang them for you: the second part is covered up to four fifths. I have put their letter into your file.",
    "Lukewarm is fine from tomorrow. Enjoy it, you have earned it.",
)
FOLLOWED_UP = (
    "How did you get through the night, {name}? You can reach me until eight.",
    "I thought of you this morning, {name}. Is the swelling going down?",
)
COMPLAINED = (
    "I waited fifty minutes and nobody said a word. After nine years with you I expected better.",
    "The invoice is wrong for the second time and the answering machine sent me in circles.",
)
NEWSLETTER = "A smile for everyone! Book your check-up now and enjoy ten per cent off whitening. Your practice team."
RECALL = "Dear patient, your check-up is due. Please call us to arrange an appointment."
HOLIDAYS = "Happy holidays from all of us!"
# Details as colleagues note them: (text, kind, use, sensitive, do not mention, how it was learned)
DETAILS = (
    ("prefers the mint rinse", "preference", "anything", False, False, "said in the chair"),
    ("daughter starts school in September", "family", "anything", False, False, "said at the desk"),
    ("is afraid of the sound of the drill; headphones help", "preference", "care", True, False, "said in the chair"),
    ("rides to work by bicycle, also in winter", "other", "anything", False, False, "said in the chair"),
    ("bakes bread on Saturdays", "other", "anything", False, False, "said at the desk"),
    ("penicillin allergy", "health", "care", True, False, "health questionnaire"),
    ("plays the cello in an amateur orchestra", "other", "anything", False, False, "said on the phone"),
    ("lost her husband in spring", "family", "inside", True, True, "told by her sister"),
    ("has a shop for second-hand books on Mill Lane", "work", "anything", False, False, "business card"),
    ("early shift, never before three in the afternoon", "work", "anything", False, False, "said on the phone"),
    ("walks a very old dachshund called Bolek", "other", "anything", False, False, "waits outside with him"),
    ("takes blood thinners", "health", "care", True, False, "health questionnaire"),
    ("is learning Portuguese for a year in Porto", "other", "anything", False, False, "said in the chair"),
)
