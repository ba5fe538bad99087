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
LATELY = (
    "Our new waiting room is open. There is a shelf of second-hand books that anybody may take home, a dry stand for "
    "your bicycle, and on Saturday fresh bread from the bakery next door. Your practice team"
)
LATELY_SUBJECT = "The waiting room is open"
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
# Notes that somebody wrote to one person, by what is known of them; each is written once. And what they answered, ""
# for nothing.
OWN = (
    (
        "prefers the mint rinse",
        "The mint rinse is back on the shelf, {name}; I hid two bottles behind the plaster casts so that nobody "
        "else finds them. Has the tender spot on the left given up yet?",
        "Only when it rains. Keep one for me!",
    ),
    (
        "prefers the mint rinse",
        "I changed our order, {name}: no more cinnamon, the mint one you like is here by Thursday. Which side do "
        "you chew on now that the new filling sits?",
        "Both, and it feels like my own tooth.",
    ),
    (
        "daughter starts school in September",
        "{name}, has your daughter chosen her satchel for school? My own girl wanted the one with the fox and "
        "then cried because it had no pocket for a tooth.",
        "Fox too! With a tooth box, thanks to you.",
    ),
    (
        "daughter starts school in September",
        "Tell your daughter, {name}, that teeth may wobble at school. And does the night guard still squeak, or "
        "did the second polish help?",
        "It is silent at last.",
    ),
    (
        "rides to work by bicycle, also in winter",
        "It froze on the bridge this morning and I thought of you on your bicycle, {name}. Did the cold get into "
        "the crown, or did it leave you alone?",
        "Not a twinge, and I did not fall.",
    ),
    (
        "rides to work by bicycle, also in winter",
        "Somebody has put a pump beside our door, {name}, as you said we should. How did the long ride to the "
        "lake go with the temporary bridge in?",
        "",
    ),
    (
        "bakes bread on Saturdays",
        "The rye bread you left was gone before the second patient, {name}, crust and all. Can you bite into it "
        "yourself yet, or is it still soup?",
        "First crust today. It was glorious.",
    ),
    (
        "bakes bread on Saturdays",
        "I tried to bake your bread on Saturday, {name}, and made a brick. What do you do with it on the Friday "
        "night? And the stitches, do they pull when you knead?",
        "Fold it every hour. No, they are fine.",
    ),
    (
        "plays the cello in an amateur orchestra",
        "{name}, I heard your orchestra's slow movement through the open church door on Sunday. Did the jaw hold "
        "out through the rehearsals with the splint?",
        "It did, and I was not even late.",
    ),
    (
        "plays the cello in an amateur orchestra",
        "When does the orchestra play next, {name}? I move your long appointment away from it, since nobody "
        "should count bars with a numb lip.",
        "The ninth. You are a friend of music.",
    ),
    (
        "has a shop for second-hand books on Mill Lane",
        "The second-hand detective novel from your shop, {name}, kept me up until three; it was the gardener. Is "
        "the lower wisdom tooth keeping you up as well?",
        "Not any more. I have the sequel.",
    ),
    (
        "has a shop for second-hand books on Mill Lane",
        "I came past your window on Mill Lane, {name}, and there stood the atlas my father had. Would you put it "
        "aside until payday? And does the bite feel even now?",
        "It is yours. Even, yes.",
    ),
    (
        "early shift, never before three in the afternoon",
        "Your early shift is in the book now, {name}: nobody here rings you before three again. Did you sleep "
        "after the injection wore off?",
        "Like a stone. Thank you for the three.",
    ),
    (
        "walks a very old dachshund called Bolek",
        "Is Bolek's cough better, {name}? He lay across my shoes so bravely while we took your mould that I have "
        "bought him a blanket.",
        "He sleeps on it already.",
    ),
    (
        "walks a very old dachshund called Bolek",
        "{name}, there is a step less at the side door, for Bolek's short legs. Does the new crown click when you"
        " call him, as the old one did?",
        "",
    ),
    (
        "is learning Portuguese for a year in Porto",
        "Bom dia, {name}! I looked up a colleague in Porto who speaks English, should the root act up by the "
        "river. How far are you with the verbs?",
        "Lost in the subjunctive. Obrigada!",
    ),
    (
        "is learning Portuguese for a year in Porto",
        "Your X-rays go to Porto with you, {name}, on a stick shaped like a sardine. Would you like me to write "
        "down the word for sensitive to cold?",
        "Please! And for anaesthetic.",
    ),
)
