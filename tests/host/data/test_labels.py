"""labels.csv, as spreadsheets and scripts write it."""

import pytest
from fireline.errors import FirelineError
from fireline.host.data.labels import read_labels

NAMES = ("cat", "hot dog", "eel")


@pytest.fixture
def table(tmp_path):
    for name in ("5.png", "7.png", "deep/8.png", "a, b.png", "Müller.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path / "labels.csv"


def read(table, text, names=(), encoding="utf-8"):
    table.write_bytes(text.encode(encoding))
    folder = table.parent
    return {str(path.relative_to(folder)): label for path, label in read_labels(table, 3, names)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "text",
    [
        "file,class\n5.png,1\nMüller.png,2\n",
        "file;class\r\n5.png;1\r\nMüller.png;2\r\n",
        "file\tclass\r\n5.png\t1\r\nMüller.png\t2",
        "file | class\n5.png | 1\nMüller.png | 2",
        "file, class\n5.png, 1\nMüller.png, 2\n",
        "file class\n5.png  1\nMüller.png 2\n",
        '"file","class"\n"5.png","1"\n"Müller.png","2"\n',
        "sep=;\nfile;class\n5.png;1\nMüller.png;2\n",
        "\nFile_Name;Class ID;\n\n5.png;1;\n;;\nMüller.png;2.0;\n",
        "id,label,image\n0,1,5.png\n1,2,Müller.png\n",
        "5.png,1\nMüller.png,2\n",
    ],
)
def test_what_spreadsheets_write(table, text, encoding):
    if text.startswith("\n"):
        text = text[1:]
    assert read(table, text, encoding=encoding) == {"5.png": 1, "Müller.png": 2}


def test_names_with_delimiters_and_folders(table):
    text = 'file,class\n"a, b.png",0\ndeep\\8.png,1\n'
    assert read(table, text) == {"a, b.png": 0, "deep/8.png": 1}
    assert read(table, f"file,class\n{table.parent / '5.png'},2\n") == {"5.png": 2}


def test_names_of_classes(table):
    text = "file,class\n5.png,Hot Dog\n7.png,eel\n"
    assert read(table, text, NAMES) == {"5.png": 1, "7.png": 2}
    digits = ("1", "2", "3")
    assert read(table, "file,class\n5.png,1\n7.png,3\n", digits) == {"5.png": 0, "7.png": 2}
    assert read(table, "file,class\n5.png,0\n7.png,1\n", digits) == {"5.png": 0, "7.png": 1}


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "has no rows"),
        ("file,class\n", "has no rows but the columns' names"),
        ("what,class\n5.png,1\n", "has the columns 'what', 'class', none of which is the file"),
        ("file,colour\n5.png,red\n", "none of which is the class"),
        ("file,class\n5.png,0\n5.png\n", "labels.csv line 3: file or class is missing"),
        ("file,class\n,0\n", "labels.csv line 2: file or class is missing"),
        ("file,class\n5.png,3\n", "labels.csv line 2: class '3' is unknown; use 0 to 2"),
        ("file,class\n5.png,-1\n", "line 2: class '-1'"),
        ("file,class\n5.png,1.5\n", "line 2: class '1.5'"),
        ("file,class\n5.png,\n", "line 2: class ''"),
        (f"file,class\n5.png,{'9' * 5000}\n", "line 2: class"),
        ("file,class\n5.png,cat\n7.png,cow\n", "line 3: class 'cow' .*or .* cat, hot dog, eel"),
        ("file,class\n5.png,1\n\n6.png,1\n", "line 4: 6.png: no such file"),
        ('file,class\n"5.png,1\n', "not a valid CSV file"),
        ("sep=xx\nfile,class\n", "not a valid CSV file"),
        ("file,class\n5.png,1\0\n", "not text"),
    ],
)
def test_refused(table, text, reason):
    with pytest.raises(FirelineError, match=reason) as error:
        read(table, text, NAMES if "cow" in text else ())
    assert "\n" not in str(error.value)
