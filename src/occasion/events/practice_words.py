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
# The same as it is with one and another: nobody has what everybody has.
AS_IT_IS = {
    "daughter starts school in September": (
        "daughter starts school in September",
        "twins start school in September, in different classes",
        "son Olek is in the last year of school and wants to be a pilot",
        "grandson Franek comes every second weekend",
        "daughter Wanda moved to Ghent to study the harp",
        "stepson plays goalkeeper for the town",
    ),
    "rides to work by bicycle, also in winter": (
        "rides to work by bicycle, also in winter",
        "cycles with a trailer for two children and a double bass",
        "mends old racing bicycles in the cellar",
        "rode the whole length of the Danube by bicycle last summer",
        "delivers parcels by cargo bicycle",
        "learnt to ride a bicycle at sixty-one",
        "went to the wedding on a tandem bicycle",
        "tours the coast on a folding bicycle each May",
    ),
    "bakes bread on Saturdays": (
        "bakes bread on Saturdays",
        "cannot eat bread with wheat and bakes it of buckwheat",
        "grandfather's bakery sold bread on the market square",
        "teaches refugees how to bake flat bread",
        "won second prize for a plaited bread",
        "gets up at four to bake bread for the hospital",
    ),
    "plays the cello in an amateur orchestra": (
        "plays the cello in an amateur orchestra",
        "plays the oboe in the town's wind band",
        "is learning the accordion at seventy",
        "drums in a band called Loose Crowns",
        "conducts the choir of the fire brigade",
        "tunes pianos for the conservatory",
    ),
    "has a shop for second-hand books on Mill Lane": (
        "has a shop for second-hand books on Mill Lane",
        "collects books about lighthouses",
        "reads books for the blind, on tape and now on the telephone",
        "binds old books in leather",
        "writes books for children about a hedgehog",
        "prints books of poems by hand",
    ),
    "is learning Portuguese for a year in Porto": (
        "is learning Portuguese for a year in Porto",
        "spends the winter with a sister in Tromsø",
        "is going to walk to Santiago in spring",
        "moves to Gdynia when the flat is ready",
        "takes the night train to Vienna for every premiere",
        "was born on a barge and wants to buy one",
    ),
}
# What is known of one person alone, a note that somebody wrote about it, and what they answered ("" for nothing).
OWN = (
    (
        "sings bass in the choir of the opera and hums Verdi in the chair",
        "I heard the opera choir through the open stage door on Sunday, {name}, and there was your bass under all"
        " the Verdi. Did the jaw hold out through the rehearsals with the splint?",
        "It did, and I was not even late.",
    ),
    (
        "daughter Ida keeps her milk teeth in a matchbox painted as a castle",
        "Has Ida's matchbox castle had visitors, {name}? Tell her that I want to see every milk tooth in it. And "
        "does the night guard still squeak?",
        "It is silent at last. Ida says Friday.",
    ),
    (
        "rides a blue recumbent bicycle over the old bridge, also in frost",
        "It froze on the old bridge this morning, {name}, and I thought of you on your blue recumbent. Did the "
        "cold get into the crown, or did it leave you alone?",
        "Not a twinge, and I did not fall.",
    ),
    (
        "bakes rye bread with caraway, from a sourdough called Otto",
        "Otto's rye bread with the caraway was gone before the second patient, {name}, crust and all. Can you "
        "bite into it yourself yet, or is it still soup?",
        "First crust today. It was glorious.",
    ),
    (
        "repairs barrel organs and tries them out on the balcony",
        "A barrel organ played in the square on Saturday, {name}; was that one of yours? And does the bite feel "
        "even now, when you blow the dust out of the pipes?",
        "Mine, a waltz out of tune. Even, yes.",
    ),
    (
        "writes the crossword of the evening paper, under the name Quill",
        "Seven down in the evening paper, {name}: a tooth in nine letters. Was that crossword for us, Quill? And "
        "is the lower wisdom tooth keeping you up at night?",
        "Guilty. Not any more.",
    ),
    (
        "keeps watch at the lighthouse museum at night and sleeps until three",
        "Your nights at the lighthouse museum are in our book now, {name}: nobody rings before three again. Did "
        "you sleep after the injection wore off?",
        "Like a stone. Thank you for the three.",
    ),
    (
        "walks a very old dachshund that has a red wheelchair",
        "Is the dachshund's red wheelchair mended, {name}? He rolled over my shoes so bravely while we took your "
        "mould that I have bought him a bell.",
        "He rings it already.",
    ),
    (
        "is learning Icelandic to read the letters of a grandmother",
        "I looked up the Icelandic word for toothache, {name}; it is longer than the ache. How many of your "
        "grandmother's letters can you read by now?",
        "Eleven. In one she had a toothache!",
    ),
    (
        "grows chillies on the fire escape and makes jam of them",
        "I tried the chilli jam from your fire escape, {name}, and cried at the desk. Please no spoonful of it "
        "until Thursday: does the stitch still pull?",
        "Only when I laugh at you.",
    ),
    (
        "plays the musical saw in a wedding band",
        "How was the wedding, {name}? I could not picture the musical saw with a numb lip. If it still tingles on"
        " Monday, ring me and ask for me by name.",
        "",
    ),
    (
        "restores a rowing boat of 1931 with two neighbours",
        "Is the rowing boat dry after all that rain, {name}? I keep the drops for your gum behind the desk; would"
        " you or one of the neighbours come by for them?",
        "I will, with varnish on my hands.",
    ),
    (
        "collects postcards of bridges and has 812 of them",
        "Somebody left me a postcard of an iron bridge, {name}: would it be number 813? And your own bridge, the "
        "new one, does it still feel like a guest?",
        "It has moved in. 813, yes please!",
    ),
    (
        "teaches chess to the children of the harbour school on Wednesdays",
        "Who won on Wednesday, {name}, the harbour children or the headmistress? I moved your long appointment so"
        " that you miss no round of chess. Would Thursday at nine do?",
        "The children, in nineteen moves. Thursday is perfect.",
    ),
)
